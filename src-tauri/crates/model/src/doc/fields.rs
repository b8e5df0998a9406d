use super::shape::Shape;
use super::{Doc, Node};

/// The fields of a map, in the order in which they were written.
#[derive(Clone, Copy)]
pub struct Fields<'d> {
    shape: &'d Shape,
    values: &'d [Doc],
    /// Places whose value is one of `own`.
    mask: u64,
    own: &'d [Doc],
}

impl<'d> Fields<'d> {
    pub(super) fn of(doc: &'d Doc) -> Option<Self> {
        match &doc.0 {
            Node::Map(map) => Some(Fields { shape: &map.header.header, values: &map.slice, mask: 0, own: &[] }),
            Node::Variant(variant) => {
                let base = &variant.header.header;
                Some(Fields {
                    shape: &base.map.header.header,
                    values: &base.map.slice,
                    mask: base.own,
                    own: &variant.slice,
                })
            }
            _ => None,
        }
    }

    /// The fields of a map without any.
    pub fn none() -> Self {
        Fields { shape: Shape::empty(), values: &[], mask: 0, own: &[] }
    }

    pub fn len(&self) -> usize {
        self.shape.len()
    }

    pub fn is_empty(&self) -> bool {
        self.shape.len() == 0
    }

    pub fn get(&self, key: &str) -> Option<&'d Doc> {
        self.at(self.shape.place(key)?)
    }

    pub fn contains_key(&self, key: &str) -> bool {
        self.shape.place(key).is_some()
    }

    pub fn keys(&self) -> impl ExactSizeIterator<Item = &'d str> + use<'d> {
        self.shape.keys().iter().map(|key| key.as_str())
    }

    pub fn values(&self) -> impl ExactSizeIterator<Item = &'d Doc> + use<'d> {
        self.iter().map(|(_, value)| value)
    }

    pub fn iter(&self) -> Iter<'d> {
        Iter { fields: *self, next: 0 }
    }

    /// The fields in the order of their keys.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = (&'d str, &'d Doc)> + use<'d> {
        let fields = *self;
        fields
            .shape
            .sorted()
            .filter_map(move |place| Some((fields.shape.keys().get(place)?.as_str(), fields.at(place)?)))
    }

    pub(super) fn shape(&self) -> &'d Shape {
        self.shape
    }

    pub(super) fn at(&self, place: usize) -> Option<&'d Doc> {
        if self.mask != 0 {
            let bit = 1_u64 << place;
            if self.mask & bit != 0 {
                return self.own.get((self.mask & (bit - 1)).count_ones() as usize);
            }
        }
        self.values.get(place)
    }
}

impl PartialEq for Fields<'_> {
    /// Whatever the order.
    fn eq(&self, other: &Self) -> bool {
        if std::ptr::eq(self.shape, other.shape) {
            return self.values().eq(other.values());
        }
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl serde::Serialize for Fields<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(*self)
    }
}

impl<'d> IntoIterator for Fields<'d> {
    type Item = (&'d str, &'d Doc);
    type IntoIter = Iter<'d>;

    fn into_iter(self) -> Iter<'d> {
        self.iter()
    }
}

pub struct Iter<'d> {
    fields: Fields<'d>,
    next: usize,
}

impl<'d> Iterator for Iter<'d> {
    type Item = (&'d str, &'d Doc);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.fields.shape.keys().get(self.next)?;
        let value = self.fields.at(self.next)?;
        self.next += 1;
        Some((key.as_str(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.fields.len() - self.next;
        (left, Some(left))
    }
}

impl ExactSizeIterator for Iter<'_> {}
