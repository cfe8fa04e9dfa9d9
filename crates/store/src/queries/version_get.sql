SELECT hash, flow, kivuko, texts FROM flow_version WHERE hash = ?1
