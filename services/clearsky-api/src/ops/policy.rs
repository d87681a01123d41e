//! Policies: what callers did in audit mode, as a least-privilege policy.

use kv::Tx;
use service::{Cx, Use, Verdict};

use crate::engine::least;
use crate::errors::Error;
use crate::wire;

/// Makes a policy of what a role or user was seen to do and was not allowed to; or of all that it did.
pub(crate) async fn get_recorded_policy(
    cx: &Cx,
    tx: &mut Tx,
    input: &wire::GetRecordedPolicyInput,
) -> Result<wire::GetRecordedPolicyOutput, Error> {
    let wire::GetRecordedPolicyInput { role_name, user_name, include_allowed } = input;
    let (kind, name) = match (role_name, user_name) {
        (Some(name), None) => ("role", name),
        (None, Some(name)) => ("user", name),
        _ => return Err(Error::OneOf),
    };
    let mut uses = crate::store::uses(tx, cx.scope.account.as_str()).await?;
    // What was seen last may not be on disk yet.
    for (used, verdict) in cx.platform.wanted.all() {
        uses.insert(used, verdict);
    }
    uses.retain(|used, _| is_of(cx, used, kind, name));
    if uses.is_empty() {
        return Err(Error::NothingRecorded(kind, name.clone()));
    }
    let include_allowed = include_allowed.unwrap_or_default();
    let granted = uses.iter().filter(|(_, verdict)| match verdict {
        Verdict::Lacking => true,
        Verdict::Allowed => include_allowed,
        Verdict::Barred(_) => false,
    });
    let policy = least::policy(granted.map(|(used, _)| (used.action.as_str(), used.resource.as_str())));
    let barred = uses.iter().filter_map(|(used, verdict)| match verdict {
        Verdict::Barred(reason) => Some(wire::BarredUse {
            action: used.action.clone(),
            resource: used.resource.clone(),
            reason: reason.clone(),
        }),
        Verdict::Lacking | Verdict::Allowed => None,
    });
    let barred = barred.collect();
    Ok(wire::GetRecordedPolicyOutput { policy_document: policy.to_string(), barred })
}

/// Whether it was done by the role or user of this name in the request's account. ARNs hold paths before names.
fn is_of(cx: &Cx, used: &Use, kind: &str, name: &str) -> bool {
    let Ok(arn) = used.principal.parse::<base::Arn>() else { return false };
    let resource = arn.resource.split_once('/');
    arn.account == cx.scope.account.as_str()
        && resource.is_some_and(|(of, path)| of == kind && path.rsplit('/').next() == Some(name))
}
