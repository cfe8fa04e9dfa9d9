//! What codes and places are called.

use kivuko_core::catalogue::godata;

use super::*;

#[tokio::test]
async fn quirk_34_and_35_labels_come_from_the_language_tokens_never_from_the_ids() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "L1", "name": "Harbour" }));
    let labels =
        |language: &'static str| async { world.system.labels(language).await.expect("the system answers").expect("Go.Data has labels") };
    let (english, french) = (labels("english_us").await, labels("french_fr").await);
    let gender = "LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE";
    assert_eq!((english.get(gender), french.get(gender)), (Some("Female"), Some("Féminin")));
    assert_eq!(
        english.get("LNG_REFERENCE_DATA_CATEGORY_EXPOSURE_TYPE_TOUCHED_BODY_FLUIDS"),
        Some("Indirect contact (contaminated surface, fomites)")
    );
    assert_eq!(french.get("L1"), Some("Harbour"), "a place is called by its name");
    assert_eq!(english.get("LNG_REFERENCE_DATA_CATEGORY_GENDER_NOBODY"), None);
    let error = world.system.labels("frensh").await.expect_err("there is no such language");
    assert_eq!(error.cause.code, godata::NO_SUCH_LANGUAGE);
    assert!(error.cause.message.contains("french_fr"), "{}", error.cause.message);
}

#[tokio::test]
async fn quirk_36_an_item_is_compared_by_its_label_in_the_language_of_the_account() {
    let world = World::new().await;
    let category = "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME";
    let spec =
        TargetSpec { resource: "reference-data".into(), key: ["categoryId", "value"].map(str::to_owned).into(), ..TargetSpec::default() };
    let prepared = || async {
        let target = world.target_of(&spec);
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        target
    };
    let target = prepared().await;
    let key = Key(vec![category.into(), "Central Lab".into()]);
    let body = target.conform(json!({ "categoryId": category, "value": "Central Lab", "active": true })).expect("a good record");
    let creation = Write { action: Action::Create, key: key.clone(), id: None, body: body.into(), parent: None };
    let id = id_of(&write(target.as_ref(), &[creation]).await[0]);
    let target = prepared().await;
    let found = target.lookup(&[key]).await.expect("a look-up").remove(0).remove(0);
    assert_eq!(found.body["value"], json!("Central Lab"), "not the token that is stored");
    let fetched = target.fetch(&[id]).await.expect("a look").remove(0).expect("it is there");
    assert_eq!(fetched.body["value"], json!("Central Lab"));
}
