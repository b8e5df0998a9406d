//! A text as what differs from another one: the quickest form there is for versions of an object, which differ in a few
//! values that stand in the same order.
//!
//! A patch is a row of numbers and bytes: the length of the text; then, again and again, how many bytes are the same, how
//! many of the other text are left out, and what stands there instead. That is twice the count of the bytes that follow,
//! or twice the number of an earlier insertion, plus one. A text that ends with what is the same ends the patch.

/// What stands instead is no longer worth looking for what is the same after it: the texts differ in their structure.
const MOST_ASTRAY: u32 = 6;
/// So many equal bytes behind a difference say that it is over.
const AGREED: usize = 4;

/// Adds to `patch` what makes `text` of `base`. `false` where that would be longer than `most` bytes, or takes too long
/// to find.
pub(super) fn make(base: &[u8], text: &[u8], most: usize, patch: &mut Vec<u8>) -> bool {
    let begin = patch.len();
    put(text.len(), patch);
    let mut inserted: Vec<&[u8]> = Vec::new();
    let (mut from, mut to, mut astray) = (0, 0, 0);
    loop {
        let same = common(&base[from..], &text[to..]);
        (from, to) = (from + same, to + same);
        put(same, patch);
        if to == text.len() {
            return patch.len() - begin <= most;
        }
        astray = if same < AGREED { astray + 1 } else { 0 };
        let (skip, insert) = difference(&base[from..], &text[to..]);
        put(skip, patch);
        let new = &text[to..to + insert];
        match inserted.iter().position(|known| *known == new) {
            Some(known) => put(known * 2 + 1, patch),
            None => {
                put(insert * 2, patch);
                patch.extend_from_slice(new);
                inserted.push(new);
            }
        }
        (from, to) = (from + skip, to + insert);
        if astray > MOST_ASTRAY || patch.len() - begin > most {
            return false;
        }
    }
}

/// Adds the text to `text`; `None` where the patch is torn or its text longer than `most` bytes.
pub(super) fn apply(base: &[u8], mut patch: &[u8], most: usize, text: &mut Vec<u8>) -> Option<()> {
    let (begin, length) = (text.len(), take(&mut patch)?);
    if length > most {
        return None;
    }
    text.reserve(length);
    let mut inserted: Vec<&[u8]> = Vec::new();
    let mut from = 0;
    loop {
        let same = take(&mut patch)?;
        let after = usize::checked_add(from, same)?;
        text.extend_from_slice(base.get(from..after)?);
        if patch.is_empty() {
            return (text.len() - begin == length).then_some(());
        }
        from = after.checked_add(take(&mut patch)?)?;
        let said = take(&mut patch)?;
        let new = if said % 2 == 1 {
            *inserted.get(said / 2)?
        } else {
            let (new, rest) = patch.split_at_checked(said / 2)?;
            patch = rest;
            inserted.push(new);
            new
        };
        text.extend_from_slice(new);
        if text.len() - begin > length {
            return None;
        }
    }
}

/// How many bytes both begin with.
fn common(a: &[u8], b: &[u8]) -> usize {
    const STEP: usize = 32;
    let whole = a.chunks_exact(STEP).zip(b.chunks_exact(STEP)).take_while(|(a, b)| a == b).count() * STEP;
    whole + a[whole..].iter().zip(&b[whole..]).take_while(|(a, b)| a == b).count()
}

/// Two texts that begin differently: what to leave out of the first, and how much of the second stands instead, up to
/// where both go on alike. That is mostly the end of a value.
fn difference(base: &[u8], text: &[u8]) -> (usize, usize) {
    let ends = |byte: &u8| matches!(byte, b'"' | b',' | b'}' | b']');
    let end = |text: &[u8]| text.iter().position(ends).unwrap_or(text.len());
    let (skip, insert) = (end(base), end(text));
    let both = base[..skip].iter().rev().zip(text[..insert].iter().rev());
    let tail = both.take_while(|(a, b)| a == b).count();
    let (skip, insert) = (skip - tail, insert - tail);
    // Where both end here already, there is no value to replace: one goes on with what the other one lacks.
    if skip == 0 && insert == 0 { (usize::from(!base.is_empty()), 1) } else { (skip, insert) }
}

fn put(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<usize> {
    let mut number = 0_usize;
    for shift in (0..usize::BITS).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(first & 0x7f).checked_shl(shift)?;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests;
