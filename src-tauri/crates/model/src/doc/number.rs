use super::{Doc, Node};

impl Doc {
    pub fn as_i64(&self) -> Option<i64> {
        match self.0 {
            Node::Int(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_u64(&self) -> Option<u64> {
        match self.0 {
            Node::Int(value) => u64::try_from(value).ok(),
            Node::Unsigned(value) => Some(value),
            _ => None,
        }
    }

    /// Any number; whole ones above 2^53 lose digits.
    pub fn as_f64(&self) -> Option<f64> {
        match self.0 {
            Node::Int(value) => Some(value as f64),
            Node::Unsigned(value) => Some(value as f64),
            Node::Float(value) => Some(value),
            _ => None,
        }
    }

    pub fn is_i64(&self) -> bool {
        matches!(self.0, Node::Int(_))
    }

    pub fn is_u64(&self) -> bool {
        self.as_u64().is_some()
    }

    pub fn is_f64(&self) -> bool {
        matches!(self.0, Node::Float(_))
    }
}

macro_rules! whole {
    ($($number:ty),*) => {$(
        impl PartialEq<$number> for Doc {
            fn eq(&self, other: &$number) -> bool {
                match self.0 {
                    Node::Int(value) => i128::from(value) == *other as i128,
                    Node::Unsigned(value) => i128::from(value) == *other as i128,
                    _ => false,
                }
            }
        }
    )*};
}

whole!(i32, i64, u32, u64, usize);

impl PartialEq<f64> for Doc {
    fn eq(&self, other: &f64) -> bool {
        self.as_f64() == Some(*other)
    }
}
