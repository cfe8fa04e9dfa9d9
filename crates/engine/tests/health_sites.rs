//! A page of HealthSites as it was published, through the project of the template `facilities`: of its 102 members 100 are facilities, 27 of these hospitals,
//! 21 of these have a name and 6 are told to have none.
//!
//! The file is read where it lies; without it the test says that it was left out.

mod support;

use serde_json::{Value, json};
use support::{World, real, template};

const PAGE: &str = "interop/toolkit/bangladeshHealthSites.json";

#[tokio::test(flavor = "multi_thread")]
async fn every_hospital_of_a_real_page_is_accounted_for() {
    let Some(folder) = real::folder(PAGE) else { return };
    let mut options = template::options("facilities");
    options.locations = vec![json!({
        "id": "BD",
        "name": "Bangladesh",
        "geographicalLevelId": "LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_0",
    })];
    let world = World::of_template("facilities", options).await;
    for page in ["facilities-1.json", "facilities-2.json"] {
        std::fs::remove_file(world.path("incoming").join(page)).expect("the samples are there");
    }
    world.write("incoming/facilities-1.json", &real::text(&folder, PAGE));
    world.write("codes/parents.csv", "source,target\n*,BD\n");
    let sheet = std::fs::read_to_string(world.path("mappings/facilities.csv")).expect("the sheet is there");
    world.write("mappings/facilities.csv", &sheet.replace("ZZ001000000000000000", "BD"));

    let first = world.run("facilities").await;
    let counts = &first.counts;
    assert_eq!((counts.read, counts.skipped, counts.created, counts.rejected), (100, 73, 21, 6), "{:?}", first.causes);
    let rows = world.engine().await.store().rejections(Some("facilities"), 100).await.expect("the rejections can be read");
    assert!(rows.iter().all(|row| row.causes.iter().all(|cause| cause.code.to_string() == "K0303")), "only names are missing");

    let places = world.sim.state().collection("location");
    assert_eq!(places.len(), 22);
    let one = places.iter().find(|place| place["name"] == "Manikchari Upazila Health Complex").expect("the first facility of the page");
    assert_eq!(one["identifiers"], json!([{ "description": "uuid", "code": "4598ac8e8c6d47a4a3b95d0806ca4a5d" }]));
    assert_eq!(one["geoLocation"], json!({ "lat": 22.850_189_843_514_1, "lng": 91.841_178_134_806_28 }));
    assert_eq!((&one["active"], &one["parentLocationId"]), (&json!(true), &json!("BD")));
    let centres = world.sim.state().collection("referenceData");
    let centres: Vec<&Value> = centres.iter().filter(|item| item["categoryId"] == "LNG_REFERENCE_DATA_CATEGORY_CENTRE_NAME").collect();
    assert_eq!(centres.len(), 21);

    world.sim.log().clear();
    let second = world.run("facilities").await;
    let counts = &second.counts;
    assert_eq!((counts.read, counts.unchanged, counts.skipped, counts.rejected), (100, 21, 73, 6), "{:?}", second.causes);
    assert!(world.sim.log().writes().is_empty(), "the second run wrote: {:?}", world.sim.log().writes());
}
