//! The pure core: which route takes a request, the event a function gets, and what its answer means.

pub(crate) mod answer;
pub(crate) mod cors;
pub(crate) mod event;
pub(crate) mod routes;
