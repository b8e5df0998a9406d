//! Failure modes, blueprints, articles and specialists: load, watch, search
