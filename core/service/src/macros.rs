//! `operations!`, `demands!`, `demand!`, `action!` and `errors!`: what a house's tables are written with.

/// The operations of a service: each with its function and what it demands.
///
/// ```ignore
/// operations! { crate::wire;
///     CreateQueue => queue::create_queue, |s, i| demands![sqs::CreateQueue(s.arn("sqs", &i.queue_name))];
///     PutObject => put object::put_object, |s, i| demands![s3::PutObject(object_arn(s, i))];
///     GetObject => get object::get_object, |s, i| demands![s3::GetObject(object_arn(s, i))];
///     DeleteObjects => batch delete::DeleteObjects, |_, _| demands![inside s3::DeleteObject];
///     Invoke => run invoke::invoke, |s, i| demands![lambda::InvokeFunction(function_arn(s, i))];
/// }
/// ```
/// Without a word: `async fn(&Cx, &mut Tx, &Input) -> Result<Output, Error>`, in a transaction that is committed when it
/// returns, and run again on a conflict. `put`: `(&Cx, &mut Tx, &Input, &Received)`; the body is in the blob store already.
/// `batch`: a type that is a [`Batch`](crate::Batch); each of its entries commits, conflicts and fails alone.
/// `get`: answers `(Output, Outgoing)`. `run`: `(&Cx, &Input)`; opens transactions of its own and is never run again.
/// `events`: the same, and answers `(Output, Events)`.
#[macro_export]
macro_rules! operations {
    ($wire:path; $($operation:ident => $($words:ident)* $(:: $rest:ident)*, |$s:pat_param, $i:pat_param| $demands:expr;)*) => {
        /// The operations of this service.
        pub static OPERATIONS: &[$crate::Entry] = {
            use $wire as generated;
            &[$( $crate::operations!(@entry generated::op::$operation, [$($words)*] [$(:: $rest)*], |$s, $i| $demands) ),*]
        };
    };
    (@entry $operation:ty, [put $($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Put(|cx, tx, input, received| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            $($path)* $($rest)*(cx, tx, input, received).await.map($crate::Entry::output).map_err($crate::Failure::from)
        })))
    };
    (@entry $operation:ty, [get $($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Get(|cx, tx, input| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            let answer = $($path)* $($rest)*(cx, tx, input).await.map_err($crate::Failure::from)?;
            Ok(($crate::Entry::output(answer.0), answer.1))
        })))
    };
    (@entry $operation:ty, [batch $first:tt $($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Batch(|cx, input| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            $crate::run_batch::<$first $($path)* $($rest)*>(cx, input).await.map($crate::Entry::output)
        })))
    };
    (@entry $operation:ty, [run $($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Free(|cx, input| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            $($path)* $($rest)*(cx, input).await.map($crate::Entry::output).map_err($crate::Failure::from)
        })))
    };
    (@entry $operation:ty, [events $($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Events(|cx, input| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            let answer = $($path)* $($rest)*(cx, input).await.map_err($crate::Failure::from)?;
            Ok(($crate::Entry::output(answer.0), answer.1))
        })))
    };
    (@entry $operation:ty, [$($path:tt)*] [$($rest:tt)*], |$s:pat_param, $i:pat_param| $demands:expr) => {
        $crate::operations!(@row $operation, |$s, $i| $demands, $crate::Run::Tx(|cx, tx, input| Box::pin(async move {
            let input = $crate::Entry::input_of::<$operation>(input)?;
            $($path)* $($rest)*(cx, tx, input).await.map($crate::Entry::output).map_err($crate::Failure::from)
        })))
    };
    (@row $operation:ty, |$s:pat_param, $i:pat_param| $demands:expr, $run:expr) => {
        $crate::Entry {
            facts: <$operation as $crate::macro_support::Operation>::FACTS,
            input: || Box::new(<<$operation as $crate::macro_support::Operation>::Input>::default()),
            demands: |scope, input| {
                let input = $crate::Entry::input_of::<$operation>(input)?;
                #[allow(unused_variables, clippy::redundant_closure_call)]
                let of = |$s: &$crate::Cx, $i: &<$operation as $crate::macro_support::Operation>::Input| -> Vec<$crate::Demand> { $demands };
                Ok(of(scope, input))
            },
            run: $run,
        }
    };
}

/// Demands, written as `service::Action(resource)`; an action that IAM's facts do not know does not compile.
///
/// `demands![]` is for what everybody may do. What an operation demands itself, because only state tells the resource, the
/// table names too: `demands![inside iam::GetRole]`.
///
/// ```compile_fail,E0425
/// mod wire { pub mod actions { pub mod s3 { pub const GetObject: &str = "s3:GetObject"; } } }
/// fn main() {
///     service::demands![s3::GetObject("*")];
///     service::demands![s3::HeadObject("*")]; // IAM knows no such action.
/// }
/// ```
#[macro_export]
macro_rules! demands {
    (inside $($service:ident::$action:ident),+ $(,)?) => {{
        const _: &[&str] = &[$( $crate::action!($service::$action) ),+];
        Vec::new()
    }};
    ($($service:ident::$action:ident($resource:expr)),* $(,)?) => {
        vec![$( $crate::demand!($service::$action($resource)) ),*]
    };
}

/// One demand, written likewise.
#[macro_export]
macro_rules! demand {
    ($service:ident::$action:ident($resource:expr)) => {
        $crate::Demand::new($crate::action!($service::$action), $resource)
    };
}

/// The name of an action of the house's own services: `s3:GetObject`.
#[macro_export]
#[expect(clippy::crate_in_macro_def, reason = "the generated actions of the crate that calls")]
macro_rules! action {
    ($service:ident::$action:ident) => {
        crate::wire::actions::$service::$action
    };
}

/// Says which error of the model each variant of a house's `Error` is. The variant's `Display` is the client's text.
///
/// The enum must have `Store(kv::Error)` and `Failed(Failure)` beside the variants listed.
/// ```ignore
/// service::errors! { Error;
///     Error::QueueDoesNotExist => errors::QUEUE_DOES_NOT_EXIST,
/// }
/// ```
#[macro_export]
macro_rules! errors {
    ($error:ident; $($pattern:pat => $facts:expr),* $(,)?) => {
        impl From<$error> for $crate::Failure {
            // A new house has no rows yet.
            #[allow(unreachable_code)]
            fn from(error: $error) -> Self {
                let facts = match error {
                    $error::Store(error) => return $crate::Failure::from(error),
                    $error::Failed(failure) => return failure,
                    $( $pattern => $facts, )*
                };
                $crate::Failure::new(&facts, error.to_string())
            }
        }
    };
}
