SELECT json_group_array(json_array(id, indicator, element, period, org_unit, option_combo, attribute_option_combo, value, due, late))
FROM (
    SELECT cell.*
    FROM jsonb_each(?2) AS wanted CROSS JOIN cell ON cell.id = wanted.value AND cell.flow = ?1
    ORDER BY wanted.key
)
