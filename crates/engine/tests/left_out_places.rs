//! What a list of places has that cannot be read, or has no identity, is told by whatever asks for the list: the matching, the table of a crosswalk, the check.

mod support;

use kivuko_sims::godata::{Options, Sim};
use support::World;

const PROJECT: &str = "\
project: places
timezone: UTC
systems:
  register: { kind: file, path: data }
  hmis: { kind: file, path: data }
crosswalks:
  places:
    register: { resource: register.csv, id: id, name: name, parent: parent }
    hmis: { resource: hmis.csv, id: id, name: name, parent: parent }
";
/// A row with a cell too many, one without an identity.
const REGISTER: &str = "id,name,parent\nr0,Salone,\nr1,Bo District,r0\nr2,Kenema, District,r0\n,Kailahun District,r0\n";
const HMIS: &str = "id,name,parent\nh0,Salone,\nh1,Bo,h0\nh2,Kenema,h0\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told() {
    let world = World::around(Sim::start(Options::for_tests()).await.expect("the simulator starts"), None);
    world.write("kivuko.yaml", PROJECT);
    world.write("data/register.csv", REGISTER);
    world.write("data/hmis.csv", HMIS);
    let engine = world.engine().await;

    let expected = "2 records were left out of `register.csv` of register, because they cannot be read or have no identity: register.csv, row 4 (K0709); register.csv, row 5 (K0301)";
    let found = engine.match_places(&engine.places_now("places", None).await.expect("both are read")).await.expect("they can be matched");
    assert_eq!(
        found.left_out.iter().map(|cause| (cause.code.to_string(), cause.message.as_str())).collect::<Vec<_>>(),
        [("K0950".to_owned(), expected)]
    );
    assert!(
        found.matches.iter().any(|row| row.says == "none" && row.two.as_ref().is_some_and(|place| place.id == "h2")),
        "Kenema has lost its counterpart"
    );

    let exported = engine.export_codes("places", None, true).await.expect("it can be exported");
    assert_eq!(exported.left_out, found.left_out);
    let checked = engine.check_online().await;
    let healths = checked.iter().filter_map(|checked| checked.health.as_ref());
    let warnings: Vec<&str> = healths.flat_map(|health| &health.warnings).map(|warning| &**warning).collect();
    assert!(warnings.iter().any(|warning| warning.contains(expected)), "{warnings:?}");

    world.write("data/register.csv", "id,name,parent\nr0,Salone,\nr1,Bo District,r0\nr2,Kenema District,r0\n");
    assert_eq!(
        engine.match_places(&engine.places_now("places", None).await.expect("both are read")).await.expect("they can be matched").left_out,
        []
    );
}
