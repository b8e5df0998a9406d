//! Where the boxes of a neighbourhood stand.

use std::collections::BTreeMap;

use model::ObjectRef;
use rust_sugiyama::configure::{Config, CrossingMinimization, RankingType};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::{Edge, Graph};

/// A laid-out neighbourhood: what the window draws. Positions are in abstract units, `layer` grows along dependencies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, TS)]
pub struct Layout {
    pub nodes: Vec<Placed>,
    pub edges: Vec<Edge>,
    /// How many nodes were left out to keep the picture readable.
    pub hidden: u32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, TS)]
pub struct Placed {
    pub object: ObjectRef,
    pub x: f64,
    pub y: f64,
    pub layer: u32,
    /// Pods or replicas that this node stands for; 1 for itself.
    pub stands_for: u32,
}

/// The distance between two layers and between two neighbours of one layer, in the layout's units.
const SPACING: f64 = 100.0;

pub(crate) fn lay_out(graph: &Graph, mut objects: Vec<ObjectRef>, hidden: u32) -> Layout {
    // The order of the input decides ties, so it must not depend on the seeds or on time.
    objects.sort();
    objects.dedup();
    let number: BTreeMap<&ObjectRef, u32> = objects.iter().zip(0..).collect();
    let edges = folded_edges(graph, &objects, &number);
    let vertices: Vec<(u32, (f64, f64))> = number.values().map(|n| (*n, (SPACING * 0.8, SPACING * 0.4))).collect();
    let pairs: Vec<(u32, u32)> =
        edges.iter().filter_map(|e| Some((*number.get(&e.from)?, *number.get(&e.to)?))).collect();
    let mut places = vec![(0.0, 0.0); objects.len()];
    let (connected, lonely): (Vec<_>, Vec<_>) =
        vertices.into_iter().partition(|(n, _)| pairs.iter().any(|(a, b)| a == n || b == n));
    let mut right_edge = 0.0;
    if !pairs.is_empty() {
        let config = Config {
            vertex_spacing: SPACING,
            ranking_type: RankingType::Up,
            c_minimization: CrossingMinimization::Median,
            transpose: false,
            ..Config::default()
        };
        let mut groups = rust_sugiyama::from_vertices_and_edges(&connected, &pairs, &config);
        groups.sort_by_key(|(group, _, _)| group.iter().map(|(n, _)| *n).min());
        for (group, _, _) in groups {
            let left = group.iter().map(|(_, (x, _))| *x).fold(f64::INFINITY, f64::min);
            let top = group.iter().map(|(_, (_, y))| *y).fold(f64::INFINITY, f64::min);
            let mut width: f64 = 0.0;
            for (n, (x, y)) in group {
                places[n] = (right_edge + x - left, y - top);
                width = width.max(x - left);
            }
            right_edge += width + SPACING * 1.5;
        }
    }
    for (n, _) in lonely {
        places[n as usize] = (right_edge, 0.0);
        right_edge += SPACING * 1.5;
    }
    let mut rows: Vec<i64> = places.iter().map(|(_, y)| y.round() as i64).collect();
    rows.sort_unstable();
    rows.dedup();
    let nodes = objects.iter().zip(&places).map(|(object, (x, y))| Placed {
        object: object.clone(),
        x: *x,
        y: *y,
        layer: rows.binary_search(&(y.round() as i64)).unwrap_or(0) as u32,
        stands_for: graph.pods_of(object).len().max(1) as u32,
    });
    let nodes = nodes.collect();
    Layout { nodes, edges, hidden }
}

/// Edges between the shown objects, pods and replica sets folded into their workloads, one per pair and relation.
fn folded_edges(graph: &Graph, objects: &[ObjectRef], number: &BTreeMap<&ObjectRef, u32>) -> Vec<Edge> {
    let mut folded: BTreeMap<(ObjectRef, ObjectRef, crate::Relation), Edge> = BTreeMap::new();
    for object in objects {
        for edge in graph.dependencies(object) {
            let (from, to) = (graph.workload_of(edge.from), graph.workload_of(edge.to));
            if from != to && number.contains_key(&from) && number.contains_key(&to) {
                let key = (from.clone(), to.clone(), edge.relation);
                folded.entry(key).or_insert_with(|| Edge { from, to, ..edge.edge() });
            }
        }
    }
    folded.into_values().collect()
}
