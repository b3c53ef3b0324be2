//! The FEVM as nodes and readers see it: anchors, agreeing endpoints, logs, contract bindings.
