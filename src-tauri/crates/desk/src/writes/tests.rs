use super::looks_like_production;

#[test]
fn production_is_a_word_of_its_own() {
    for name in [
        "prod",
        "prod-eu",
        "eu_PROD_1",
        "gke_acme_europe-west1_production",
        "arn:aws:eks:eu:1:cluster/prd2",
        "shop.live",
    ] {
        assert!(looks_like_production(name), "{name}");
    }
    for name in ["staging", "product-catalog", "delivery", "reproduce", "kind-dev", ""] {
        assert!(!looks_like_production(name), "{name}");
    }
}
