SELECT json_group_array(json_array(wanted.key, cell.id))
FROM jsonb_each(?2) AS wanted CROSS JOIN cell ON cell.flow = ?1
    AND cell.period = wanted.value ->> '$.period'
    AND cell.org_unit = wanted.value ->> '$.org_unit'
    AND cell.indicator = wanted.value ->> '$.indicator'
    AND cell.option_combo = wanted.value ->> '$.option_combo'
    AND cell.attribute_option_combo = wanted.value ->> '$.attribute_option_combo'
    AND cell.element = wanted.value ->> '$.element'
