-- `+flow`: by the index of places every page would sort all cells of the flow.
SELECT json_group_array(json_array(id, indicator, element, period, org_unit, option_combo, attribute_option_combo, value, due, late))
FROM (
    SELECT *
    FROM cell
    WHERE +flow = ?1 AND id > ?2
        AND (?4 IS NULL OR indicator = ?4)
        AND (?5 IS NULL OR element = ?5)
        AND (?6 IS NULL OR period = ?6)
        AND (?7 IS NULL OR org_unit = ?7)
        AND (?8 IS NULL OR option_combo = ?8)
        AND (?9 IS NULL OR attribute_option_combo = ?9)
    ORDER BY id LIMIT ?3
)
