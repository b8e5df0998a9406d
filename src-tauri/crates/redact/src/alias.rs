//! Stand-ins for names, hosts and addresses that a team must not tell, and the way back.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

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
    pattern(
        r"\bname-[0-9]+x\b|\bhost-[0-9]+\.invalid\b|\b198\.1[89]\.[0-9]{1,3}\.[0-9]{1,3}\b|\b2001:db8::[0-9a-f]{1,4}\b",
    )
});

/// A table of stand-ins for one conversation. The same thing has the same stand-in; what stands for what is only here.
///
/// A stand-in has the form of what it stands for: a name that Kubernetes would accept, a host under `.invalid`, an
/// address of the ranges that are set aside for tests (198.18.0.0/15, 2001:db8::/32), so that a model can use it in a call.
pub struct Aliases {
    hidden: Hidden,
    names: Option<AhoCorasick>,
    there: HashMap<String, String>,
    back: HashMap<String, String>,
}

impl Aliases {
    /// `names` are those of the cluster that must not be told: workloads, namespaces, nodes.
    pub fn new(hidden: Hidden, names: impl IntoIterator<Item = String>) -> Self {
        let mut known: Vec<String> = names.into_iter().filter(|name| name.len() > 1).collect();
        known.sort();
        known.dedup();
        let names = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&known).ok();
        Aliases { hidden, names, there: HashMap::new(), back: HashMap::new() }
    }

    /// The text with stand-ins.
    pub fn hide(&mut self, text: &Redacted) -> Redacted {
        let said = text.as_str();
        let mut spans = self.spans(said);
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
        Redacted { text: out, marks: text.marks().to_vec() }
    }

    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        // What looks like a stand-in already gets one of its own, or the way back would mistake it.
        let mut spans: Vec<Range<usize>> = STAND_IN.find_iter(text).map(|found| found.range()).collect();
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
        let found = |found: &regex::Captures<'_>| self.back.get(&found[0]).map_or(found[0].to_owned(), String::clone);
        STAND_IN.replace_all(text, found).into_owned()
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

fn is_joined(text: &str, span: &Range<usize>) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text[..span.start].chars().next_back().is_some_and(word) || text[span.end..].chars().next().is_some_and(word)
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
