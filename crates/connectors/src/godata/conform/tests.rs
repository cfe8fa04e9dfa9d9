use super::super::schema::ADDRESS_TYPE;
use super::*;

const GENDER: &str = "LNG_REFERENCE_DATA_CATEGORY_GENDER";

fn rules() -> Rules {
    let codes = Codes::of(
        &[
            (GENDER, "MALE", true),
            (ADDRESS_TYPE, "USUAL_PLACE_OF_RESIDENCE", true),
            (ADDRESS_TYPE, "PREVIOUS_USUAL_PLACE_OF_RESIDENCE", true),
            (ADDRESS_TYPE, "OTHER", true),
        ],
        &["L1"],
    );
    Rules { codes: Arc::new(codes), mask: Some(Mask::parse("*")), ..Rules::default() }
}

fn case(rules: &Rules, body: Value) -> Result<Value, Vec<String>> {
    let resource = Resource::find("cases").expect("cases are a resource");
    conform(resource, rules, body)
        .map_err(|causes| causes.iter().map(|cause| format!("{} {}", cause.code, cause.field.as_deref().unwrap_or(""))).collect())
}

#[track_caller]
fn accepts(body: Value, expected: Value) {
    assert_eq!(case(&rules(), body), Ok(expected));
}

#[track_caller]
fn refuses(body: Value, expected: &[&str]) {
    assert_eq!(case(&rules(), body), Err(expected.iter().map(|text| (*text).to_owned()).collect()));
}

#[test]
fn dates_are_read_in_one_way_only() {
    let check = |text: &str, expected: Option<&str>| assert_eq!(iso(text).as_deref(), expected, "{text}");
    check("2020-01-02", Some("2020-01-02T00:00:00.000Z"));
    check(" 2020-01-02 ", Some("2020-01-02T00:00:00.000Z"));
    check("2020-01-02T03:04:05Z", Some("2020-01-02T03:04:05.000Z"));
    check("2020-01-02T03:04:05.678901+02:00", Some("2020-01-02T01:04:05.678Z"));
    check("2020-01-02 03:04:05", Some("2020-01-02T03:04:05.000Z"));
    check("02/01/2020", None);
    check("2020-13-01", None);
    check("2020-02-30", None);
    check("2020-1-2", None);
    check("2020-01", None);
    check("20200102", None);
    check("2020-01-02x", None);
    check("", None);
    refuses(json!({"dob": "02/01/2020", "dateOfOnset": 43831}), &["K0304 dateOfOnset", "K0304 dob"]);
}

#[test]
fn values_that_the_server_would_coerce_in_silence_are_refused() {
    accepts(
        json!({"firstName": 12, "age": {"years": " 7 ", "months": 3.5}, "safeBurial": "Yes", "gender": "MALE"}),
        json!({"firstName": "12", "age": {"years": 7, "months": 3.5}, "safeBurial": true, "gender": format!("{GENDER}_MALE")}),
    );
    refuses(json!({"age": {"years": "abc"}}), &["K0305 age.years"]);
    refuses(json!({"age": {"years": "1,5"}}), &["K0305 age.years"]);
    refuses(json!({"age": {"years": "1e3"}}), &["K0305 age.years"]);
    refuses(json!({"safeBurial": "maybe"}), &["K0311 safeBurial"]);
    refuses(json!({"safeBurial": 1}), &["K0311 safeBurial"]);
    refuses(json!({"firstName": {"a": 1}}), &["K0311 firstName"]);
    refuses(json!({"addresses": {"city": "X"}}), &["K0311 addresses"]);
    accepts(json!({"age": {"years": ""}, "lastName": null}), json!({"age": {"years": null}, "lastName": null}));
}

#[test]
fn texts_lose_their_outer_white_space_only() {
    accepts(
        json!({"firstName": " Anna\u{a0}Maria\t", "documents": [{"number": "ID-7 "}], "visualId": " V 1 "}),
        json!({"firstName": "Anna\u{a0}Maria", "documents": [{"number": "ID-7"}], "visualId": "V 1"}),
    );
}

#[test]
fn all_causes_of_a_record_come_at_once() {
    refuses(
        json!({"gender": "M", "dob": "soon", "addresses": [{"locationId": "L2"}], "firstNme": "x", "id": "7"}),
        &["K0307 addresses[0].locationId", "K0304 dob", "K0405 firstNme", "K0306 gender", "K0606 id"],
    );
}

#[test]
fn quirk_06_a_visual_id_cannot_be_cleared() {
    refuses(json!({"visualId": null}), &["K0604 visualId"]);
    refuses(json!({"visualId": ""}), &["K0604 visualId"]);
    refuses(json!({"visualId": {}}), &["K0311 visualId"]);
}

#[test]
fn quirk_05_a_visual_id_that_would_be_rewritten_is_refused_unless_it_asks_for_the_next_number() {
    let with = |accepted: bool, id: &str| {
        let rules = Rules { mask: Some(Mask::parse("CA-9999")), rewriting_accepted: accepted, ..rules() };
        case(&rules, json!({ "visualId": id })).is_ok()
    };
    assert!(!with(false, "CA-0042"));
    assert!(with(false, "CA-9999"), "the mask itself asks for the next number");
    assert!(with(true, "CA-0042"));
    assert!(!with(true, "CA-42"));
    refuses(json!({"visualId": "x".repeat(201)}), &["K0310 visualId"]);
}

#[test]
fn quirk_12_and_13_an_address_without_a_type_is_the_current_one_and_there_is_one() {
    accepts(json!({"addresses": [{"city": "A"}]}), json!({"addresses": [{"city": "A", "typeId": CURRENT_ADDRESS}]}));
    accepts(
        json!({"addresses": [{"typeId": "USUAL"}, {"typeId": "PREVIOUS", "date": "2020-01-01"}]}),
        json!({"addresses": [{"typeId": CURRENT_ADDRESS}, {"typeId": PREVIOUS_ADDRESS, "date": "2020-01-01T00:00:00.000Z"}]}),
    );
    refuses(json!({"addresses": [{"city": "A"}, {"city": "B"}]}), &["K0605 addresses"]);
    refuses(json!({"addresses": [{"typeId": "PREVIOUS"}]}), &["K0605 addresses[0].date"]);
    let resource = Resource::find("cases").expect("cases are a resource");
    assert!(incomplete(resource, &json!({"addresses": [{"typeId": "x_OTHER"}]})).is_some());
    assert!(incomplete(resource, &json!({"addresses": [], "firstName": "x"})).is_none());
}

#[test]
fn quirk_38_free_text_is_no_centre() {
    refuses(json!({"dateRanges": [{"centerName": "Clinic by the river"}]}), &["K0306 dateRanges[0].centerName"]);
}

#[test]
fn quirk_54_export_headers_are_no_fields() {
    refuses(json!({"age:years": 7, "addresses:country": "SN"}), &["K0405 addresses:country", "K0405 age:years"]);
}

#[test]
fn quirk_55_of_a_follow_up_only_the_status_can_be_written() {
    refuses(json!({"followUp": {"startDate": "2020-01-01"}}), &["K0606 followUp.startDate"]);
}

#[test]
fn quirk_31_dates_in_answers_are_written_as_they_will_be_stored() {
    accepts(
        json!({"questionnaireAnswers": {"onset": "2020-01-02", "fever": "YES", "signs": ["A", "B"], "temp": [{"value": 38.5, "date": "2020-01-02"}]}}),
        json!({"questionnaireAnswers": {
            "onset": [{"value": "2020-01-02T00:00:00.000Z"}], "fever": [{"value": "YES"}], "signs": [{"value": ["A", "B"]}],
            "temp": [{"value": 38.5, "date": "2020-01-02T00:00:00.000Z"}]}}),
    );
}

#[test]
fn answers_to_questions_that_are_not_asked_are_refused() {
    let rules = Rules { questionnaire: Questionnaire::of([[json!({ "variable": "fever" })].as_slice()]), ..rules() };
    assert!(case(&rules, json!({"questionnaireAnswers": {"fever": "YES"}})).is_ok());
    assert_eq!(case(&rules, json!({"questionnaireAnswers": {"fevr": "YES"}})), Err(vec!["K0405 questionnaireAnswers.fevr".to_owned()]));
}

#[test]
fn points_lie_on_the_globe() {
    let place = |point: Value| case(&rules(), json!({"addresses": [{"geoLocation": point}]})).is_ok();
    assert!(place(json!({"lat": "8.4", "lng": -13})));
    assert!(!place(json!({"lat": 8.4})));
    assert!(!place(json!({"lat": 91, "lng": 0})));
    assert!(!place(json!({"lat": 1, "lng": 0, "z": 1})));
}

proptest::proptest! {
    #[test]
    fn conforming_twice_changes_nothing(day in 1u8..=28, hour in 0u8..24, years in 0u32..120, name in "[a-zA-Z ]{1,20}") {
        let body = json!({"firstName": format!("x{name}"), "dob": format!("2020-02-{day:02}T{hour:02}:00:00+03:00"), "age": {"years": years.to_string()},
            "gender": "MALE", "addresses": [{"locationId": "L1"}], "questionnaireAnswers": {"a": "2020-01-01"}});
        let once = case(&rules(), body).expect("a good record");
        proptest::prop_assert_eq!(case(&rules(), once.clone()), Ok(once));
    }
}
