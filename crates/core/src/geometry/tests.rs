use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn shape(value: &Value) -> Shape {
    Shape::parse(value).unwrap_or_else(|flaw| panic!("{value}: {flaw}")).unwrap_or_else(|| panic!("{value} has no position"))
}

fn check(value: Value, lat: f64, lng: f64) {
    let point = shape(&value).point().unwrap_or_else(|flaw| panic!("{value}: {flaw}"));
    assert!((point.lat - lat).abs() < 1e-7 && (point.lng - lng).abs() < 1e-7, "{value} is at {point:?}, not at {lat}, {lng}");
}

fn polygon(rings: Value) -> Value {
    json!({"type": "Polygon", "coordinates": rings})
}

fn square(west: f64, south: f64, side: f64) -> Value {
    json!([[west, south], [west + side, south], [west + side, south + side], [west, south + side], [west, south]])
}

#[test]
fn every_form_is_read() {
    let point = json!({"type": "Point", "coordinates": [-11.78, 8.46, 12.0]});
    check(point.clone(), 8.46, -11.78);
    check(json!({"type": "Feature", "id": "x", "properties": {"name": "a"}, "geometry": point}), 8.46, -11.78);
    check(json!({"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": point}]}), 8.46, -11.78);
    check(json!({"type": "GeometryCollection", "geometries": [point, {"type": "Point", "coordinates": [-11.80, 8.48]}]}), 8.47, -11.79);
    check(json!(point.to_string()), 8.46, -11.78);
    check(json!([-11.78, 8.46]), 8.46, -11.78);
    check(json!(" [-11.78, 8.46] "), 8.46, -11.78);
    check(json!({"lat": 8.46, "lng": -11.78}), 8.46, -11.78);
    check(json!({"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0], [3.0, 4.0]]}), 3.0, 2.0);
    check(json!({"type": "LineString", "coordinates": [[1.0, 0.0], [1.0, 1.0], [1.0, 4.0]]}), 2.0, 1.0);
    check(json!({"type": "MultiLineString", "coordinates": [[[1.0, 0.0], [1.0, 1.0]], [[5.0, 0.0], [5.0, 4.0]]]}), 2.0, 5.0);
    check(polygon(json!([square(2.0, 1.0, 4.0)])), 3.0, 4.0);
    check(json!({"type": "MultiPolygon", "coordinates": [[square(2.0, 1.0, 4.0)]]}), 3.0, 4.0);
    check(json!(json!([square(2.0, 1.0, 4.0)]).to_string()), 3.0, 4.0);
    check(json!(json!([[square(2.0, 1.0, 4.0)]]).to_string()), 3.0, 4.0);
    // Where something has an area, what has none is left aside.
    check(
        json!({"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [80.0, 8.0]}, polygon(json!([square(2.0, 1.0, 4.0)]))]}),
        3.0,
        4.0,
    );
}

#[test]
fn nothing_in_it_is_empty() {
    for value in [
        json!(null),
        json!(" "),
        json!([]),
        json!("[]"),
        json!({"type": "Point", "coordinates": []}),
        json!({"type": "Point"}),
        json!({"type": "MultiPolygon", "coordinates": [[[]]]}),
        json!({"type": "GeometryCollection", "geometries": []}),
        json!({"type": "Feature", "geometry": null}),
        json!({"lat": null, "lng": null}),
    ] {
        assert!(matches!(Shape::parse(&value), Ok(None)), "{value}: {:?}", Shape::parse(&value));
    }
}

#[test]
fn what_is_no_geometry_is_told() {
    let cases = [
        (json!("Freetown"), Flaw::NotGeometry("a text")),
        (json!("{\"type\": "), Flaw::NotGeometry("a text")),
        (json!(7), Flaw::NotGeometry("a number")),
        (json!({"latitude": 1.0}), Flaw::NotGeometry("an object")),
        (json!({"lat": 1.0}), Flaw::Position),
        (json!({"type": "Circle", "coordinates": [1.0, 2.0]}), Flaw::UnknownType),
        (json!({"type": "Circle"}), Flaw::UnknownType),
        (json!({"type": "Point", "coordinates": [[1.0, 2.0]]}), Flaw::Depth),
        (json!({"type": "Point", "coordinates": "1, 2"}), Flaw::Depth),
        (json!({"type": "Polygon", "coordinates": [[1.0, 2.0], [2.0, 3.0]]}), Flaw::Depth),
        (json!([[1.0, 2.0], [2.0, 3.0]]), Flaw::Depth),
        (json!({"type": "Point", "coordinates": [1.0]}), Flaw::Position),
        (json!({"type": "Point", "coordinates": ["1.0", "2.0"]}), Flaw::Position),
        (json!({"type": "Point", "coordinates": [8.46, 95.0]}), Flaw::OffTheEarth),
        (json!({"type": "Point", "coordinates": [181.0, 5.0]}), Flaw::OffTheEarth),
        (polygon(json!([[[0.0, 0.0], [400.0, 0.0], [4.0, 4.0]]])), Flaw::OffTheEarth),
        (json!({"type": "Point", "coordinates": [0.0, 0]}), Flaw::Zero),
    ];
    for (value, expected) in cases {
        assert_eq!(Shape::parse(&value).map(|_| ()), Err(expected), "{value}");
    }
    let mut nested = json!({"type": "Point", "coordinates": [1.0, 2.0]});
    for _ in 0..50 {
        nested = json!({"type": "GeometryCollection", "geometries": [nested]});
    }
    assert_eq!(Shape::parse(&nested).map(|_| ()), Err(Flaw::Depth));
}

#[test]
fn the_centre_of_gravity_where_it_lies_inside() {
    // Many corners on one side do not draw it there, as the mean of the corners would.
    check(polygon(json!([[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]]])), 2.0, 2.0);
    // A hole in the east draws it to the west.
    let with_hole = polygon(json!([square(0.0, 0.0, 10.0), square(6.0, 4.0, 2.0)]));
    check(with_hole, 5.0, (5.0 * 100.0 - 7.0 * 4.0) / 96.0);
    // Two islands with a third between them.
    let islands =
        json!({"type": "MultiPolygon", "coordinates": [[square(0.0, 0.0, 2.0)], [square(4.0, 0.0, 2.0)], [square(8.0, 0.0, 2.0)]]});
    check(islands, 1.0, 5.0);
}

#[test]
fn a_point_inside_where_the_centre_of_gravity_is_not() {
    // A horseshoe: the centre lies in its opening.
    check(polygon(json!([[[0.0, 0.0], [9.0, 0.0], [9.0, 9.0], [8.0, 9.0], [8.0, 1.0], [1.0, 1.0], [1.0, 9.0], [0.0, 9.0]]])), 0.5, 4.5);
    // A ring around a lake.
    let lake = shape(&polygon(json!([square(0.0, 0.0, 10.0), square(1.0, 1.0, 8.0)])));
    let area = lake.area().expect("it has an area");
    assert!(!area.contains(area.centroid().expect("it has a centre")));
    assert!(area.contains(area.interior_point()));
    // Islands with the sea between them: the centre of the larger one.
    check(json!({"type": "MultiPolygon", "coordinates": [[square(0.0, 0.0, 2.0)], [square(9.0, 0.0, 3.0)]]}), 1.5, 10.5);
}

#[test]
fn rings_that_are_badly_drawn() {
    // Not closed; closed twice; a corner written twice.
    check(polygon(json!([[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]]])), 2.0, 2.0);
    check(polygon(json!([[[0.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0], [0.0, 0.0]]])), 2.0, 2.0);
    // No area: the mean of the different corners.
    check(polygon(json!([[[1.0, 1.0], [3.0, 3.0], [1.0, 1.0]]])), 2.0, 2.0);
    check(polygon(json!([[[1.0, 1.0], [1.0, 1.0]]])), 1.0, 1.0);
    check(polygon(json!([[[1.0, 1.0], [2.0, 2.0], [6.0, 6.0], [1.0, 1.0]]])), 3.0, 3.0);
    // Crossing itself, so that the halves cancel each other.
    let bow = shape(&polygon(json!([[[0.0, 0.0], [4.0, 4.0], [4.0, 0.0], [0.0, 4.0], [0.0, 0.0]]])));
    let area = bow.area().expect("it has an area");
    assert_eq!(area.centroid(), None);
    assert!(area.contains(area.interior_point()));
    // A hole larger than its outline.
    let hole = shape(&polygon(json!([square(2.0, 2.0, 1.0), square(0.0, 0.0, 9.0)])));
    let point = hole.point().expect("it is somewhere");
    assert!((2.0..=3.0).contains(&point.lat), "{point:?}");
    // An area of a few millimetres keeps its digits.
    let tiny = shape(&polygon(json!([square(1.000_000_01, 1.000_000_01, 2e-8)])));
    let area = tiny.area().expect("it has an area");
    assert!(area.contains(area.interior_point()));
}

#[test]
fn over_the_antimeridian() {
    let fiji = polygon(json!([[[178.0, -18.0], [-178.0, -18.0], [-178.0, -16.0], [178.0, -16.0], [178.0, -18.0]]]));
    let counted_on = polygon(json!([[[178.0, -18.0], [182.0, -18.0], [182.0, -16.0], [178.0, -16.0], [178.0, -18.0]]]));
    let cut = json!({"type": "MultiPolygon", "coordinates": [
        [[[178.0, -18.0], [180.0, -18.0], [180.0, -16.0], [178.0, -16.0], [178.0, -18.0]]],
        [[[-180.0, -18.0], [-177.0, -18.0], [-177.0, -16.0], [-180.0, -16.0], [-180.0, -18.0]]]]});
    for value in [&fiji, &counted_on, &cut] {
        let found = shape(value);
        let area = found.area().expect("it has an area");
        assert!(area.contains(found.point().expect("it is somewhere")), "{value}");
        for (lat, lng, inside) in
            [(-17.0, 179.0, true), (-17.0, -179.0, true), (-17.0, 177.0, false), (-17.0, 0.0, false), (-15.0, 179.0, false)]
        {
            assert_eq!(area.contains(Point { lat, lng }), inside, "{lat}, {lng} in {value}");
        }
    }
    check(fiji.clone(), -17.0, 180.0);
    check(cut, -17.0, -179.5);
    check(json!({"type": "MultiPoint", "coordinates": [[179.0, 1.0], [-177.0, 1.0]]}), 1.0, -179.0);
    // Around the pole, along the edge of the map: nothing to unwrap.
    let south = polygon(json!([[[-180.0, -90.0], [180.0, -90.0], [180.0, -70.0], [0.0, -75.0], [-180.0, -70.0], [-180.0, -90.0]]]));
    assert!(shape(&south).area().expect("it has an area").contains(Point { lat: -85.0, lng: 100.0 }));
    // A step over most of the map is no way over the antimeridian when nothing would be left.
    check(polygon(json!([[[-170.0, -10.0], [170.0, -10.0], [170.0, 30.0], [-170.0, 30.0], [-170.0, -10.0]]])), 10.0, 180.0);
    check(polygon(json!([[[-180.0, -10.0], [180.0, -10.0], [180.0, 30.0], [-180.0, 30.0], [-180.0, -10.0]]])), 10.0, 0.0);
}

#[test]
fn the_edge_belongs_to_the_area() {
    let found = shape(&polygon(json!([square(0.0, 0.0, 4.0), square(1.0, 1.0, 1.0)])));
    let area = found.area().expect("it has an area");
    for (lat, lng, inside) in
        [(0.0, 2.0, true), (4.0, 4.0, true), (1.0, 1.5, true), (1.5, 1.5, false), (3.0, 3.0, true), (4.1, 2.0, false), (2.0, -0.1, false)]
    {
        assert_eq!(area.contains(Point { lat, lng }), inside, "{lat}, {lng}");
    }
    assert_eq!(area.bounds(), Bounds { south: 0.0, north: 4.0, west: 0.0, east: 4.0 });
}

#[test]
fn distances_are_those_of_an_atlas() {
    let point = |lat, lng| Point::new(lat, lng).expect("it is on the earth");
    for (from, to, km) in [
        (point(8.484, -13.234), point(9.537, -13.677), 126.8),
        (point(51.5, 0.0), point(51.5, 0.0), 0.0),
        (point(0.0, 179.5), point(0.0, -179.5), 111.2),
        (point(90.0, 10.0), point(-90.0, 40.0), 20015.1),
    ] {
        assert!((from.distance_km(to) - km).abs() < 0.1, "{} km, not {km}", from.distance_km(to));
    }
}

/// A ring that a line from the middle meets once, whatever its angle, with a hole of the same kind.
fn star(middle: (f64, f64), radii: &[f64]) -> Vec<(f64, f64)> {
    let step = std::f64::consts::TAU / radii.len() as f64;
    radii
        .iter()
        .enumerate()
        .map(|(place, radius)| (middle.0 + radius * (step * place as f64).cos(), middle.1 + radius * (step * place as f64).sin()))
        .collect()
}

fn written(ring: &[(f64, f64)]) -> Value {
    ring.iter().chain(ring.first()).map(|(lng, lat)| json!([lng, lat])).collect()
}

fn stars() -> impl Strategy<Value = Vec<Vec<(f64, f64)>>> {
    let one = (-20..20i32, -10..10i32, prop::collection::vec(0.1..3.0f64, 3..12))
        .prop_map(|(lng, lat, radii)| star((f64::from(lng) * 7.0, f64::from(lat) * 7.0), &radii));
    prop::collection::vec(one, 1..5)
}

fn multi(rings: &[Vec<(f64, f64)>]) -> Value {
    json!({"type": "MultiPolygon", "coordinates": rings.iter().map(|ring| vec![written(ring)]).collect::<Vec<_>>()})
}

proptest! {
    #[test]
    fn the_point_lies_in_the_area(rings in stars(), hole in 0.1..0.9f64) {
        let found = shape(&multi(&rings));
        let area = found.area().expect("it has an area");
        prop_assert!(area.surrounds_point(found.point().expect("it is somewhere")));
        // The same with a hole around the middle of each.
        let holed: Vec<Value> = rings.iter().map(|ring| {
            let (lng, lat) = ring.iter().fold((0.0, 0.0), |sum, corner| (sum.0 + corner.0 / ring.len() as f64, sum.1 + corner.1 / ring.len() as f64));
            let inner: Vec<(f64, f64)> = ring.iter().map(|corner| (lng + (corner.0 - lng) * hole, lat + (corner.1 - lat) * hole)).collect();
            json!([written(ring), written(&inner)])
        }).collect();
        let found = shape(&json!({"type": "MultiPolygon", "coordinates": holed}));
        let point = found.point().expect("it is somewhere");
        prop_assert!(found.area().expect("it has an area").surrounds_point(point), "{point:?}");
    }

    #[test]
    fn how_it_is_drawn_changes_nothing(rings in stars(), start in 0usize..12, backwards: bool, order: bool, closed: bool) {
        let mut drawn = rings.clone();
        for ring in &mut drawn {
            let count = ring.len();
            ring.rotate_left(start % count);
            if backwards {
                ring.reverse();
            }
            if closed {
                ring.push(ring[0]);
            }
        }
        if order {
            drawn.reverse();
        }
        let (one, other) = (shape(&multi(&rings)), shape(&multi(&drawn)));
        prop_assert_eq!(one.point(), other.point());
        prop_assert_eq!(one.area().map(Area::bounds), other.area().map(Area::bounds));
    }

    #[test]
    fn the_centre_moves_with_the_area(rings in stars(), by in -5..5i32) {
        let by = f64::from(by);
        let moved: Vec<Vec<(f64, f64)>> = rings.iter().map(|ring| ring.iter().map(|corner| (corner.0 + by, corner.1 - by)).collect()).collect();
        let centre = |rings: &[Vec<(f64, f64)>]| shape(&multi(rings)).area().and_then(Area::centroid).expect("it has an area");
        let (one, other) = (centre(&rings), centre(&moved));
        prop_assert!((one.lat - by - other.lat).abs() < 1e-6, "{one:?} {other:?}");
        prop_assert!((ring::nearest_turn(one.lng + by, other.lng) - other.lng).abs() < 1e-6, "{one:?} {other:?}");
    }

    #[test]
    fn no_drawing_panics(rings in prop::collection::vec(prop::collection::vec((-4..4i32, -4..4i32), 0..9), 0..4)) {
        let rings: Vec<Value> = rings.iter().map(|ring| ring.iter().map(|(lng, lat)| json!([lng * 90, lat * 22])).collect()).collect();
        for value in [polygon(json!(rings)), json!([rings]), json!({"type": "MultiLineString", "coordinates": rings})] {
            if let Ok(Some(shape)) = Shape::parse(&value)
                && let Ok(point) = shape.point()
            {
                prop_assert!(point.lat.abs() <= 90.0 && point.lng.abs() <= 180.0);
            }
        }
    }
}
