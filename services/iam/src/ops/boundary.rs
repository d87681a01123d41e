//! Permissions boundaries of users and roles.

use kv::Tx;
use service::{Cx, demand};

use super::entity::{self, permitted};
use crate::errors::Error;
use crate::model;
use crate::wire::iam::{
    DeleteRolePermissionsBoundaryNothing, DeleteRolePermissionsBoundaryRequest, DeleteUserPermissionsBoundaryNothing,
    DeleteUserPermissionsBoundaryRequest, PutRolePermissionsBoundaryNothing, PutRolePermissionsBoundaryRequest,
    PutUserPermissionsBoundaryNothing, PutUserPermissionsBoundaryRequest,
};

macro_rules! boundaries {
    ($entity:ty, $name:ident: $put:ident, $put_action:ident, $PutRequest:ident, $PutNothing:ident;
     $delete:ident, $delete_action:ident, $DeleteRequest:ident, $DeleteNothing:ident) => {
        pub(crate) async fn $put(cx: &Cx, tx: &mut Tx, input: &$PutRequest) -> Result<$PutNothing, Error> {
            let $PutRequest { $name, permissions_boundary } = input;
            let demand = |arn: &base::Arn| {
                demand!(iam::$put_action(arn)).with("iam:PermissionsBoundary", permissions_boundary.as_str())
            };
            let mut found: $entity = permitted(cx, tx, $name, demand).await?;
            let boundary = entity::boundary(cx, tx, permissions_boundary).await?;
            entity::put_boundary(cx, tx, &mut found, Some(boundary))?;
            Ok($PutNothing {})
        }

        pub(crate) async fn $delete(cx: &Cx, tx: &mut Tx, input: &$DeleteRequest) -> Result<$DeleteNothing, Error> {
            let $DeleteRequest { $name } = input;
            let mut found: $entity = permitted(cx, tx, $name, |arn| demand!(iam::$delete_action(arn))).await?;
            entity::put_boundary(cx, tx, &mut found, None)?;
            Ok($DeleteNothing {})
        }
    };
}

boundaries! { model::Role, role_name:
    put_role_permissions_boundary, PutRolePermissionsBoundary,
    PutRolePermissionsBoundaryRequest, PutRolePermissionsBoundaryNothing;
    delete_role_permissions_boundary, DeleteRolePermissionsBoundary,
    DeleteRolePermissionsBoundaryRequest, DeleteRolePermissionsBoundaryNothing
}

boundaries! { model::User, user_name:
    put_user_permissions_boundary, PutUserPermissionsBoundary,
    PutUserPermissionsBoundaryRequest, PutUserPermissionsBoundaryNothing;
    delete_user_permissions_boundary, DeleteUserPermissionsBoundary,
    DeleteUserPermissionsBoundaryRequest, DeleteUserPermissionsBoundaryNothing
}
