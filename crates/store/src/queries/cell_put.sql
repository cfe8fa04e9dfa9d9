INSERT OR IGNORE INTO cell (flow, indicator, element, period, org_unit, option_combo, attribute_option_combo)
SELECT ?1, value ->> '$.indicator', value ->> '$.element', value ->> '$.period', value ->> '$.org_unit', value ->> '$.option_combo',
    value ->> '$.attribute_option_combo'
FROM jsonb_each(?2)
