//! `docs/run.schema.json`.

use kubectl_netbench::document::Run;

use crate::assert_current;

#[test]
fn schema_of_run_documents_is_current() {
    let schema = serde_json::to_string_pretty(&Run::schema()).expect("the schema serializes");
    assert_current("docs/run.schema.json", &(schema + "\n"));
}
