//! In which form a client wants its answer.

use crate::status::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Json,
    Table,
    /// Metadata only.
    Partial,
    /// The aggregated form of discovery.
    Discovery,
}

/// The first form of an `Accept` header that the server has; JSON where the header is absent.
pub fn form(header: Option<&str>) -> Result<Form, Refusal> {
    let Some(header) = header.map(str::trim).filter(|h| !h.is_empty()) else { return Ok(Form::Json) };
    for choice in header.split(',') {
        let mut parts = choice.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if !matches!(media, "application/json" | "application/*" | "*/*" | "text/plain") {
            continue;
        }
        let (mut shape, mut group, mut version) = ("", "", "");
        for (name, value) in parts.filter_map(|p| p.split_once('=')) {
            match name.trim() {
                "as" => shape = value.trim(),
                "g" => group = value.trim(),
                "v" => version = value.trim(),
                _ => {}
            }
        }
        match (shape, group, version) {
            ("", _, _) => return Ok(Form::Json),
            ("Table", "meta.k8s.io", "v1") => return Ok(Form::Table),
            ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1") => return Ok(Form::Partial),
            ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => return Ok(Form::Discovery),
            _ => {}
        }
    }
    Err(Refusal::not_acceptable())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_form_that_the_server_has_is_taken() {
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(form(Some(table)), Ok(Form::Table));
        assert_eq!(form(Some("application/vnd.kubernetes.protobuf, application/json")), Ok(Form::Json));
        assert_eq!(form(Some("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")), Ok(Form::Partial));
        assert_eq!(form(None), Ok(Form::Json));
        assert_eq!(form(Some("*/*")), Ok(Form::Json));
        assert!(form(Some("application/cbor")).is_err());
    }
}
