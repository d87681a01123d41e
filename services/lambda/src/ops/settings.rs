//! What CreateFunction and UpdateFunctionConfiguration both set.

use std::collections::BTreeMap;

use base::Arn;
use service::Cx;

use crate::engine::Functions;
use crate::errors::Error;
use crate::model::layer::UsedLayer;
use crate::model::{self, Function};
use crate::ops::layer;
use crate::wire::{Environment, EphemeralStorage};

/// The settings that a request names; the others stay as they are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    pub role: Option<Arn>,
    pub runtime: Option<String>,
    pub handler: Option<String>,
    pub description: Option<String>,
    pub timeout_s: Option<i32>,
    pub memory_mb: Option<i32>,
    pub storage_mb: Option<i32>,
    pub variables: Option<BTreeMap<String, String>>,
    pub layers: Option<Vec<UsedLayer>>,
}

impl Settings {
    /// Whether this host has the runtime, and the variables may be set.
    pub async fn check(&self, cx: &Cx) -> Result<(), Error> {
        if let Some(runtime) = &self.runtime {
            let functions = cx.platform.state::<Functions>()?;
            let runtime = functions.runtime(runtime).await?;
            functions.expect(&runtime, number(self.memory_mb).unwrap_or(model::MEMORY_DEFAULT_MB), cx.now());
        }
        self.variables.as_ref().map_or(Ok(()), model::check_variables)
    }

    /// Takes them over.
    pub fn apply(self, function: &mut Function) {
        let Self { role, runtime, handler, description, timeout_s, memory_mb, storage_mb, variables, layers } = self;
        set(&mut function.layers, layers);
        set(&mut function.role, role);
        set(&mut function.runtime, runtime);
        set(&mut function.handler, handler);
        set(&mut function.description, description);
        set(&mut function.timeout_s, number(timeout_s));
        set(&mut function.memory_mb, number(memory_mb));
        set(&mut function.storage_mb, number(storage_mb));
        set(&mut function.variables, variables);
    }
}

/// The variables of a request; an environment that names none has none.
pub(crate) fn variables(environment: Option<&Environment>) -> Option<BTreeMap<String, String>> {
    environment.map(|Environment { variables }| variables.clone().unwrap_or_default())
}

/// The layers of a request, which the caller may read.
pub(crate) async fn layers(cx: &Cx, arns: Option<&Vec<String>>) -> Result<Option<Vec<UsedLayer>>, Error> {
    match arns {
        Some(arns) => layer::used(cx, arns).await.map(Some),
        None => Ok(None),
    }
}

/// The size of `/tmp` in a request.
pub(crate) fn storage(storage: Option<&EphemeralStorage>) -> Option<i32> {
    storage.map(|EphemeralStorage { size }| *size)
}

fn set<T>(to: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *to = value;
    }
}

/// The model has judged the range.
fn number(value: Option<i32>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}
