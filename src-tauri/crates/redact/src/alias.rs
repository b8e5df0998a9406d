//! Stand-ins for names, hosts and addresses that a team must not tell, and the way back.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use serde_json::Value;

use crate::Redacted;
use crate::form::pattern;

/// What is replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Those that were given to [`Aliases::new`], also as a part of a longer name (a pod's).
    pub names: bool,
    /// Qualified domain names but those of the cluster (`….svc`, `….cluster.local`).
    pub hosts: bool,
    /// IPv4 and IPv6, but loopback and unspecified.
    pub addresses: bool,
}

static HOST: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)\b(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?:com|net|org|io|dev|cloud|internal|local|corp|lan|intra|example|invalid|de|at|ch|eu|uk|fr|nl|us|app|co|ai)\b",
    )
});
static V4: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b"));
/// Whatever could be one; parsing decides.
static V6: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*"));
/// Every stand-in, so that the way back finds them.
static STAND_IN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"name-[0-9]+x|host-[0-9]+\.invalid|198\.1[89]\.[0-9]{1,3}\.[0-9]{1,3}|2001:db8::[0-9a-f]{1,4}")
});

/// Names that every cluster has: what is known of them helps, and they name nobody.
const TELLS_NOTHING: [&str; 9] = [
    "default",
    "kube-system",
    "kube-public",
    "kube-node-lease",
    "kubernetes",
    "kube-root-ca.crt",
    "kube-dns",
    "kube-proxy",
    "coredns",
];

/// A table of stand-ins for one conversation. The same thing has the same stand-in; what stands for what is only here.
///
/// A stand-in has the form of what it stands for: a name that Kubernetes would accept, a host under `.invalid`, an
/// address of the ranges that are set aside for tests (198.18.0.0/15, 2001:db8::/32), so that a model can use it in a call.
pub struct Aliases {
    hidden: Hidden,
    known: BTreeSet<String>,
    names: Option<AhoCorasick>,
    there: HashMap<String, String>,
    back: HashMap<String, String>,
}

impl Aliases {
    /// `names` are those of the cluster that must not be told: workloads, namespaces, nodes.
    pub fn new(hidden: Hidden, names: impl IntoIterator<Item = String>) -> Self {
        let (there, back) = (HashMap::new(), HashMap::new());
        let mut aliases = Aliases { hidden, known: BTreeSet::new(), names: None, there, back };
        aliases.learn(names);
        aliases
    }

    /// More names that must not be told from here on. What has a stand-in keeps it.
    pub fn learn(&mut self, names: impl IntoIterator<Item = String>) {
        let before = self.known.len();
        self.known.extend(names.into_iter().filter(|name| name.len() > 1 && !TELLS_NOTHING.contains(&name.as_str())));
        if self.hidden.names && self.known.len() > before {
            self.names = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.known).ok();
        }
    }

    /// The text with stand-ins.
    pub fn hide(&mut self, text: &Redacted) -> Redacted {
        Redacted { text: self.hide_plain(text.as_str()), marks: text.marks().to_vec() }
    }

    /// JSON with stand-ins in its strings: keys stay. What is no JSON is hidden as a text.
    pub fn hide_json(&mut self, json: &Redacted) -> Redacted {
        match serde_json::from_str::<Value>(json.as_str()) {
            Ok(mut value) => {
                strings(&mut value, &mut |text| self.hide_plain(text));
                Redacted { text: value.to_string(), marks: json.marks().to_vec() }
            }
            Err(_) => self.hide(json),
        }
    }

    /// What was never a cluster's text, such as the description of another program's tool.
    pub fn hide_plain(&mut self, said: &str) -> String {
        let mut spans = self.spans(&apart(said));
        // The longest of those that begin first.
        spans.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let (mut out, mut copied) = (String::new(), 0);
        for span in spans {
            if span.start < copied {
                continue;
            }
            out.push_str(&said[copied..span.start]);
            out.push_str(&self.stand_in(&said[span.clone()]));
            copied = span.end;
        }
        out.push_str(&said[copied..]);
        out
    }

    /// The same of every string in a value; its keys stay.
    pub fn hide_value(&mut self, value: &mut Value) {
        strings(value, &mut |text| self.hide_plain(text));
    }

    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        // What looks like a stand-in already gets one of its own, or the way back would mistake it.
        let mut spans: Vec<Range<usize>> = stand_ins(text).collect();
        if self.hidden.hosts {
            let hosts = HOST.find_iter(text).filter(|host| !is_of_cluster(host.as_str()));
            spans.extend(hosts.map(|host| host.range()));
        }
        if self.hidden.addresses {
            let v4 = V4.find_iter(text).filter(|found| found.as_str().parse().is_ok_and(is_telling_v4));
            spans.extend(v4.map(|found| found.range()));
            for found in V6.find_iter(text) {
                // `fd00::7:` in a sentence.
                let ends = found.as_str().strip_suffix(':').filter(|rest| !rest.ends_with(':'));
                let address = ends.unwrap_or(found.as_str());
                let span = found.start()..found.start() + address.len();
                if address.parse().is_ok_and(is_telling_v6) && !is_joined(text, &span) {
                    spans.push(span);
                }
            }
        }
        if self.hidden.names {
            for hit in self.names.iter().flat_map(|names| names.find_iter(text)) {
                if !is_joined(text, &hit.range()) {
                    spans.push(hit.range());
                }
            }
        }
        spans
    }

    /// What a model said or asked for, with the true names. Text without stand-ins stays as it is.
    pub fn reveal(&self, text: &str) -> String {
        let (mut out, mut copied) = (String::new(), 0);
        for span in stand_ins(&apart(text)) {
            out.push_str(&text[copied..span.start]);
            let stand_in = &text[span.clone()];
            out.push_str(self.back.get(stand_in).map_or(stand_in, String::as_str));
            copied = span.end;
        }
        out.push_str(&text[copied..]);
        out
    }

    /// The same of JSON, in its strings. What is no JSON is revealed as a text.
    pub fn reveal_json(&self, json: &str) -> String {
        match serde_json::from_str::<Value>(json) {
            Ok(mut value) => {
                strings(&mut value, &mut |text| self.reveal(text));
                value.to_string()
            }
            Err(_) => self.reveal(json),
        }
    }

    fn stand_in(&mut self, of: &str) -> String {
        if let Some(known) = self.there.get(of) {
            return known.clone();
        }
        let number = self.there.len() + 1;
        let stand_in = if of.parse::<Ipv4Addr>().is_ok() && number < 0x1_ffff {
            let [_, b, c, d] = u32::try_from(number).unwrap_or_default().to_be_bytes();
            format!("198.{}.{c}.{d}", 18 + b)
        } else if of.parse::<Ipv6Addr>().is_ok() && number <= 0xffff {
            format!("2001:db8::{number:x}")
        } else if HOST.is_match(of) {
            format!("host-{number}.invalid")
        } else {
            format!("name-{number}x")
        };
        self.there.insert(of.to_owned(), stand_in.clone());
        self.back.insert(stand_in.clone(), of.to_owned());
        stand_in
    }
}

/// Every string of a value but its keys.
fn strings(value: &mut Value, change: &mut impl FnMut(&str) -> String) {
    match value {
        Value::String(text) => *text = change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| strings(item, change)),
        Value::Object(map) => map.values_mut().for_each(|item| strings(item, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same text, byte for byte as long, in which a line that a logger wrote as `\\n` begins where it does.
fn apart(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace("\\n", "\\\n").replace("\\t", "\\\t").replace("\\r", "\\\r"))
}

fn stand_ins(text: &str) -> impl Iterator<Item = Range<usize>> {
    STAND_IN.find_iter(text).map(|found| found.range()).filter(|span| !is_joined(text, span))
}

/// Whether it is a part of a longer word. `_` joins nothing: a database's user is `cart_rw`.
fn is_joined(text: &str, span: &Range<usize>) -> bool {
    text[..span.start].chars().next_back().is_some_and(char::is_alphanumeric)
        || text[span.end..].chars().next().is_some_and(char::is_alphanumeric)
}

fn is_of_cluster(host: &str) -> bool {
    host.ends_with(".cluster.local") || host.ends_with(".svc")
}

fn is_telling_v4(address: Ipv4Addr) -> bool {
    !address.is_loopback() && !address.is_unspecified() && !address.is_broadcast()
}

fn is_telling_v6(address: Ipv6Addr) -> bool {
    !address.is_loopback() && !address.is_unspecified()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Redactor;

    const ALL: Hidden = Hidden { names: true, hosts: true, addresses: true };

    fn aliases() -> Aliases {
        Aliases::new(ALL, ["payments", "cart", "ip-10-0-3-17", "name-1x"].map(str::to_owned))
    }

    fn redacted(text: &str) -> Redacted {
        Redactor::new([7; 32]).text(text)
    }

    #[test]
    fn names_hosts_and_addresses_go_and_come_back() {
        let text =
            "pod cart-5d7c8f9c6b-x2x9p in payments on ip-10-0-3-17: dial 10.4.7.9:5432 (db.acme.com), [fd00:10::7]:53";
        let mut aliases = aliases();
        let hidden = aliases.hide(&redacted(text));
        for told in ["cart", "payments", "10.4.7.9", "acme", "fd00:10::7", "ip-10"] {
            assert!(!hidden.as_str().contains(told), "{told} in {}", hidden.as_str());
        }
        assert!(hidden.as_str().contains("-5d7c8f9c6b-x2x9p"), "{}", hidden.as_str());
        assert_eq!(aliases.reveal(hidden.as_str()), text);
    }

    #[test]
    fn the_same_thing_has_the_same_stand_in_and_the_clusters_own_words_stay() {
        let mut aliases = aliases();
        let first = aliases.hide(&redacted("cart calls 10.4.7.9 and 127.0.0.1"));
        let second = aliases.hide(&redacted("10.4.7.9 answers cart, kubernetes.default.svc.cluster.local does not"));
        let address = first.as_str().split(' ').nth(2).unwrap_or_default().to_owned();
        assert!(second.as_str().starts_with(&address), "{} {}", first.as_str(), second.as_str());
        assert!(second.as_str().contains("kubernetes.default.svc.cluster.local"));
        assert!(first.as_str().contains("127.0.0.1"));
    }

    #[test]
    fn what_stands_in_json_or_beside_an_escape_goes_and_comes_back() {
        let mut aliases = aliases();
        let text = r#"{"level":"error","msg":"gave up\\ncart: no route to 10.4.7.9\\ncart_rw@payments"}"#;
        let hidden = aliases.hide(&redacted(text));
        for told in ["cart", "payments", "10.4.7.9"] {
            assert!(!hidden.as_str().contains(told), "{told} in {}", hidden.as_str());
        }
        assert_eq!(aliases.reveal(hidden.as_str()), text);

        let mut args = aliases.hide_json(&redacted(r#"{"cart":"payments","said":"a\ncart"}"#)).into_string();
        assert!(args.starts_with(r#"{"cart":"name-"#) && !args.contains("payments"), "keys are the tool's: {args}");
        assert_eq!(aliases.reveal_json(&args), r#"{"cart":"payments","said":"a\ncart"}"#);
        args.pop();
        assert!(aliases.reveal_json(&args).contains("payments"), "what is cut off is turned back as a text");
    }

    #[test]
    fn what_is_learnt_later_is_hidden_and_what_had_a_stand_in_keeps_it() {
        let mut aliases = aliases();
        let before = aliases.hide(&redacted("cart and ledger"));
        assert!(before.as_str().contains("ledger"));
        aliases.learn(["ledger", "kube-system", "x"].map(str::to_owned));
        let after = aliases.hide(&redacted("cart and ledger in kube-system"));
        assert_eq!(after.as_str().split(' ').next(), before.as_str().split(' ').next());
        assert!(!after.as_str().contains("ledger") && after.as_str().contains("kube-system"), "{}", after.as_str());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_hidden_comes_back(
            text in "((cart|payments|name-[0-9]x|host-[0-9]\\.invalid|198\\.18\\.0\\.[0-9]|2001:db8::[0-9]|10\\.0\\.0\\.[0-9]|a\\.acme\\.com|fd00::[0-9a]|[a-z :.-]{1,4})[ ,:/-]){0,12}"
        ) {
            let text = redacted(&text);
            let mut aliases = aliases();
            let hidden = aliases.hide(&text);
            prop_assert_eq!(aliases.reveal(hidden.as_str()), text.as_str());
            let again = aliases.hide(&text);
            prop_assert_eq!(again.as_str(), hidden.as_str());
        }
    }
}
