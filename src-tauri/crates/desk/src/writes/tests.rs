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
        "live-eu2",
        "acmeProdEu",
        "dev-account-prod",
    ] {
        assert!(looks_like_production(name), "{name}");
    }
    let others = ["staging", "product-catalog", "delivery", "reproduce", "kind-dev", "", "olive", "alive", "liveness"];
    let denied = ["non-prod", "shop-pre-prod-2", "nonprod", "preprod", "kind-live", "live-demo", "dev_live"];
    for name in others.into_iter().chain(denied) {
        assert!(!looks_like_production(name), "{name}");
    }
}
