INSERT INTO counted_key (flow, key, record) SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1)
