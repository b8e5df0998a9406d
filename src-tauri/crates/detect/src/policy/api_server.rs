use std::net::IpAddr;

use model::ObjectRef;

use crate::json::{int, list, text};
use crate::scene::Scene;

/// Where the API server is met: by the Service `kubernetes` and by what stands behind it. Which of the two a policy is held
/// against differs from one network plugin to another.
pub(super) struct ApiServer {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) ports: Vec<i64>,
}

impl ApiServer {
    pub(super) fn of(scene: &Scene) -> Self {
        let mut server = ApiServer { addresses: Vec::new(), ports: vec![443, 6443] };
        let object = |kind: &str| scene.snapshot.get(&ObjectRef::new(kind, "default", "kubernetes"));
        let service = object("Service").map(|held| text(&held.object, "/spec/clusterIP"));
        server.addresses.extend(service.and_then(|address| address.parse::<IpAddr>().ok()));
        for subset in object("Endpoints").map_or(&[][..], |held| list(&held.object, "/subsets")) {
            let addresses = list(subset, "/addresses").iter().filter_map(|a| text(a, "/ip").parse::<IpAddr>().ok());
            server.addresses.extend(addresses);
            server.ports.extend(list(subset, "/ports").iter().filter_map(|p| int(p, "/port")));
        }
        for slice in object("EndpointSlice").into_iter().map(|held| &held.object) {
            let all = list(slice, "/endpoints").iter().flat_map(|e| list(e, "/addresses"));
            server.addresses.extend(all.filter_map(|a| a.as_str()?.parse::<IpAddr>().ok()));
            server.ports.extend(list(slice, "/ports").iter().filter_map(|p| int(p, "/port")));
        }
        server
    }

    pub(super) fn is_named_by(&self, host: &str) -> bool {
        matches!(host.split('.').collect::<Vec<_>>()[..], ["kubernetes"] | ["kubernetes", "default", ..])
            || host.parse().is_ok_and(|address: IpAddr| self.addresses.contains(&address))
    }
}
