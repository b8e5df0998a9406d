//! One series, judged: when did it leave what was usual for it, and by how much.

use model::{MetricPoint, Time};

/// A series before and after the moment at which it changed most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shift {
    pub before: f64,
    pub after: f64,
    /// The distance of the two medians in interquartile ranges of what was before; the robust score of BARO
    /// (Pham et al., FSE 2024), with a floor for series that hardly move.
    pub score: f64,
    pub at: Time,
}

pub(crate) fn median(sorted: &[f64]) -> f64 {
    quantile(sorted, 0.5)
}

fn quantile(sorted: &[f64], q: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let place = q * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
}

fn sorted(values: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values
}

/// Fewer points than this tell nothing of a change.
const FEWEST: usize = 8;

/// The most marked change of level in a series; `None` where it is too short.
pub(crate) fn shift(points: &[MetricPoint]) -> Option<Shift> {
    let mut points: Vec<MetricPoint> = points.iter().copied().filter(|p| p.value.is_finite()).collect();
    points.sort_by_key(|p| p.at);
    // Splitting is quadratic; a few hundred points say as much as thousands.
    let step = points.len().div_ceil(240).max(1);
    let points: Vec<MetricPoint> = points.into_iter().step_by(step).collect();
    if points.len() < FEWEST {
        return None;
    }
    let edge = (points.len() / 6).max(3);
    let mut best: Option<(f64, Shift)> = None;
    for cut in edge..=points.len() - edge {
        let before = sorted(points[..cut].iter().map(|p| p.value));
        let after = sorted(points[cut..].iter().map(|p| p.value));
        let (low, high) = (median(&before), median(&after));
        let spread = quantile(&before, 0.75) - quantile(&before, 0.25);
        let floor = 0.05 * low.abs().max(high.abs()) + 1e-9;
        let score = (high - low) / spread.max(floor);
        // The cut at which both sides are closest to their own medians is where the level changed.
        let cost =
            before.iter().map(|v| (v - low).abs()).sum::<f64>() + after.iter().map(|v| (v - high).abs()).sum::<f64>();
        if best.as_ref().is_none_or(|(least, _)| cost < *least) {
            best = Some((cost, Shift { before: low, after: high, score, at: points[cut].at }));
        }
    }
    best.map(|(_, shift)| shift)
}

impl Shift {
    /// How many times as high it became; 1 where nothing changed.
    pub(crate) fn ratio(&self) -> f64 {
        let floor = (self.before.abs().max(self.after.abs()) * 1e-3).max(1e-9);
        (self.after.abs() + floor) / (self.before.abs() + floor)
    }
}

/// How a series grows: Theil–Sen's slope per second, and the share of steps that go up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Growth {
    pub per_second: f64,
    pub monotonic: f64,
    /// Drops to less than half: restarts.
    pub resets: u32,
    pub last: f64,
    pub seconds: f64,
    pub rise: f64,
}

pub(crate) fn growth(points: &[MetricPoint]) -> Option<Growth> {
    let mut points: Vec<MetricPoint> = points.iter().copied().filter(|p| p.value.is_finite()).collect();
    points.sort_by_key(|p| p.at);
    let (first_at, last_at) = (points.first()?.at, points.last()?.at);
    let resets = points.windows(2).filter(|w| w[1].value < w[0].value * 0.5 && w[0].value > 0.0).count() as u32;
    // Growth is looked for since the last restart, or over everything where there was none.
    let start =
        points.windows(2).rposition(|w| w[1].value < w[0].value * 0.5 && w[0].value > 0.0).map_or(0, |at| at + 1);
    let tail = if points.len() - start >= FEWEST { &points[start..] } else { &points[..] };
    let step = tail.len().div_ceil(120).max(1);
    let tail: Vec<MetricPoint> = tail.iter().copied().step_by(step).collect();
    if tail.len() < FEWEST {
        return None;
    }
    let mut slopes = Vec::new();
    for (i, a) in tail.iter().enumerate() {
        for b in &tail[i + 1..] {
            let seconds = b.at.seconds_since(a.at);
            if seconds > 0.0 {
                slopes.push((b.value - a.value) / seconds);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let up = tail.windows(2).filter(|w| w[1].value >= w[0].value).count();
    let (low, high) = (tail.first()?.value, tail.last()?.value);
    Some(Growth {
        per_second: median(&slopes),
        monotonic: up as f64 / (tail.len() - 1) as f64,
        resets,
        last: high,
        seconds: last_at.seconds_since(first_at),
        rise: if low > 0.0 { high / low } else { 1.0 },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: impl IntoIterator<Item = f64>) -> Vec<MetricPoint> {
        values
            .into_iter()
            .enumerate()
            .map(|(i, value)| MetricPoint { at: Time::from_seconds(i as i64 * 10), value })
            .collect()
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        let series = points((0..40).map(|i| if i < 25 { 5.0 + (i % 3) as f64 * 0.1 } else { 90.0 }));
        let shift = shift(&series).expect("long enough");
        assert_eq!(shift.at, Time::from_seconds(250));
        assert!(shift.score > 10.0 && shift.ratio() > 15.0, "{shift:?}");
    }

    #[test]
    fn noise_is_no_step() {
        let series = points((0..60).map(|i| 10.0 + f64::from(i * 37 % 7)));
        let shift = shift(&series).expect("long enough");
        assert!(shift.score.abs() < 3.0, "{shift:?}");
    }

    #[test]
    fn a_leak_grows_and_a_plateau_does_not() {
        let leak = growth(&points((0..60).map(|i| 100.0 + f64::from(i)))).expect("long enough");
        assert!(leak.per_second > 0.09 && leak.monotonic > 0.95);
        let flat = growth(&points((0..60).map(|i| 100.0 + f64::from(i % 2)))).expect("long enough");
        assert!(flat.per_second.abs() < 0.01);
        assert_eq!(shift(&points([1.0; 5])), None);
    }
}
