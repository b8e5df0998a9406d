//! Rows of what traffic passes through.

use serde_json::Value;

use super::{Printer, Row, shortened};

pub(super) fn printer(kind: &str) -> Option<Printer> {
    Some(match kind {
        "Service" => (
            &[
                ("Name", "string", 0),
                ("Type", "string", 0),
                ("Cluster-IP", "string", 0),
                ("External-IP", "string", 0),
                ("Port(s)", "string", 0),
                ("Age", "string", 0),
                ("Selector", "string", 1),
            ],
            service,
        ),
        "Endpoints" => (&[("Name", "string", 0), ("Endpoints", "string", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), endpoints(row).into(), row.age()]
        }),
        "EndpointSlice" => (
            &[
                ("Name", "string", 0),
                ("AddressType", "string", 0),
                ("Ports", "string", 0),
                ("Endpoints", "string", 0),
                ("Age", "string", 0),
            ],
            slice,
        ),
        "Ingress" => (
            &[
                ("Name", "string", 0),
                ("Class", "string", 0),
                ("Hosts", "string", 0),
                ("Address", "string", 0),
                ("Ports", "string", 0),
                ("Age", "string", 0),
            ],
            ingress,
        ),
        "IngressClass" => (
            &[("Name", "string", 0), ("Controller", "string", 0), ("Parameters", "string", 0), ("Age", "string", 0)],
            ingress_class,
        ),
        "NetworkPolicy" => (&[("Name", "string", 0), ("Pod-Selector", "string", 0), ("Age", "string", 0)], |row| {
            vec![row.name(), row.selector("/spec/podSelector").into(), row.age()]
        }),
        _ => return None,
    })
}

fn service(row: &Row<'_>) -> Vec<Value> {
    let ports: Vec<String> = row
        .list("/spec/ports")
        .iter()
        .map(|p| {
            let (port, protocol) = (&p["port"], p["protocol"].as_str().unwrap_or("TCP"));
            match p["nodePort"].as_i64().unwrap_or_default() {
                0 => format!("{port}/{protocol}"),
                node => format!("{port}:{node}/{protocol}"),
            }
        })
        .collect();
    let ports = if ports.is_empty() { "<none>".to_owned() } else { ports.join(",") };
    let address = row.list("/spec/clusterIPs").first().and_then(Value::as_str).unwrap_or("<none>");
    vec![
        row.name(),
        row.at("/spec/type").clone(),
        address.into(),
        external(row).into(),
        ports.into(),
        row.age(),
        row.pairs("/spec/selector").into(),
    ]
}

fn external(row: &Row<'_>) -> String {
    let own: Vec<String> = row.list("/spec/externalIPs").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    match row.text("/spec/type") {
        "ExternalName" => row.text("/spec/externalName").to_owned(),
        "LoadBalancer" => {
            let mut all = balancers(row);
            all.extend(own);
            if all.is_empty() { "<pending>".into() } else { all.join(",") }
        }
        "ClusterIP" | "NodePort" if own.is_empty() => "<none>".into(),
        "ClusterIP" | "NodePort" => own.join(","),
        _ => "<unknown>".into(),
    }
}

fn balancers(row: &Row<'_>) -> Vec<String> {
    let mut all: Vec<String> = row
        .list("/status/loadBalancer/ingress")
        .iter()
        .filter_map(|i| i["ip"].as_str().filter(|t| !t.is_empty()).or(i["hostname"].as_str()))
        .filter(|t| !t.is_empty())
        .map(str::to_owned)
        .collect();
    all.sort();
    all.dedup();
    all
}

fn endpoints(row: &Row<'_>) -> String {
    let mut all = Vec::new();
    let subsets = row.list("/subsets");
    for subset in subsets {
        let addresses: Vec<&str> =
            subset["addresses"].as_array().into_iter().flatten().filter_map(|a| a["ip"].as_str()).collect();
        let ports = subset["ports"].as_array().map_or(&[][..], Vec::as_slice);
        if ports.is_empty() {
            all.extend(addresses.iter().map(|a| (*a).to_owned()));
        }
        for port in ports {
            all.extend(addresses.iter().map(|a| match a.contains(':') {
                true => format!("[{a}]:{}", port["port"]),
                false => format!("{a}:{}", port["port"]),
            }));
        }
    }
    if subsets.is_empty() { "<none>".into() } else { shortened(&all, 3, all.len(), ",") }
}

fn slice(row: &Row<'_>) -> Vec<Value> {
    let ports: Vec<String> = row
        .list("/ports")
        .iter()
        .map(|p| match (&p["port"], p["name"].as_str()) {
            (Value::Number(number), _) => number.to_string(),
            (_, Some(name)) => name.to_owned(),
            _ => "*".to_owned(),
        })
        .collect();
    let addresses: Vec<String> = row
        .list("/endpoints")
        .iter()
        .flat_map(|e| e["addresses"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let shown = |list: &[String]| match list.is_empty() {
        true => "<unset>".to_owned(),
        false => shortened(list, 3, list.len(), ","),
    };
    vec![row.name(), row.at("/addressType").clone(), shown(&ports).into(), shown(&addresses).into(), row.age()]
}

fn ingress(row: &Row<'_>) -> Vec<Value> {
    let rules = row.list("/spec/rules");
    let hosts: Vec<String> =
        rules.iter().filter_map(|r| r["host"].as_str()).filter(|h| !h.is_empty()).map(str::to_owned).collect();
    let hosts = if hosts.is_empty() { "*".to_owned() } else { shortened(&hosts, 3, rules.len().min(hosts.len()), ",") };
    let ports = if row.list("/spec/tls").is_empty() { "80" } else { "80, 443" };
    vec![
        row.name(),
        row.or_none("/spec/ingressClassName"),
        hosts.into(),
        balancers(row).join(",").into(),
        ports.into(),
        row.age(),
    ]
}

fn ingress_class(row: &Row<'_>) -> Vec<Value> {
    let default = row.at("/metadata/annotations")["ingressclass.kubernetes.io/is-default-class"] == "true";
    let name = row.text("/metadata/name");
    let name = if default { format!("{name} (default)") } else { name.to_owned() };
    let parameters = row.at("/spec/parameters");
    let parameters = match parameters["kind"].as_str() {
        None => "<none>".to_owned(),
        Some(kind) => {
            let group = parameters["apiGroup"].as_str().map(|g| format!(".{g}")).unwrap_or_default();
            format!("{kind}{group}/{}", parameters["name"].as_str().unwrap_or_default())
        }
    };
    vec![name.into(), row.at("/spec/controller").clone(), parameters.into(), row.age()]
}
