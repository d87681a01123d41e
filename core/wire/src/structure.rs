//! The macro that generated code is made of: a structure as one row per member.

/// Declares a structure: its Rust type and its table of members.
///
/// ```ignore
/// structure! { GetItemInput: [
///     table_name: String = Member::new("TableName", &schema::TABLE_ARN).required();
///     consistent_read: Option<bool> = Member::new("ConsistentRead", &schema::CONSISTENT_READ);
/// ] streams [] refuses [ Member::new("AttributesToGet", &schema::REFUSED) ] }
/// ```
/// A streamed member has a row in the table and no field: its bytes travel as a body.
#[macro_export]
macro_rules! structure {
    ($(#[$meta:meta])* $name:ident: [ $($field:ident: $type:ty = $member:expr;)* ] streams [ $($stream:expr),* ] refuses [ $($refused:expr),* $(,)? ]) => {
        $crate::structure!(@ $(#[$meta])* $name: false [ $($field: $type = $member;)* ] [ $($stream),* ] [ $($refused),* ]);
    };
    ($(#[$meta:meta])* union $name:ident: [ $($field:ident: $type:ty = $member:expr;)* ] streams [ $($stream:expr),* ] refuses [ $($refused:expr),* $(,)? ]) => {
        $crate::structure!(@ $(#[$meta])* $name: true [ $($field: $type = $member;)* ] [ $($stream),* ] [ $($refused),* ]);
    };
    (@ $(#[$meta:meta])* $name:ident: $union:literal [ $($field:ident: $type:ty = $member:expr;)* ] [ $($stream:expr),* ] [ $($refused:expr),* ]) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name { $(pub $field: $type,)* }

        impl $name {
            pub const FACTS: &'static $crate::StructureFacts = &$crate::StructureFacts {
                name: stringify!($name),
                members: &[$($member,)* $($stream,)*],
                refused: &[$($refused,)*],
                union: $union,
            };
        }

        #[allow(unused_assignments, unused_mut, unused_variables)]
        impl $crate::Structure for $name {
            fn facts(&self) -> &'static $crate::StructureFacts { Self::FACTS }
            fn member(&self, index: usize) -> Option<&dyn $crate::Shape> {
                let mut at = 0;
                $( if index == at { return Some(&self.$field); } at += 1; )*
                None
            }
            fn member_mut(&mut self, index: usize) -> Option<&mut dyn $crate::Shape> {
                let mut at = 0;
                $( if index == at { return Some(&mut self.$field); } at += 1; )*
                None
            }
            fn as_any(&self) -> &dyn std::any::Any { self }
            fn into_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> { self }
        }

        impl $crate::Shape for $name {
            fn read(&mut self, from: &mut dyn $crate::Reader, _: &'static $crate::Schema) -> Result<(), $crate::ReadError> {
                from.structure(self)
            }
            fn write(&self, to: &mut dyn $crate::Writer, _: &'static $crate::Schema) {
                to.structure(self);
            }
        }
    };
}

/// Declares an operation's type: its input, its output and its row in `OPERATIONS`.
#[macro_export]
macro_rules! operation {
    ($name:ident, $input:ty, $output:ty, $facts:expr) => {
        #[derive(Debug)]
        pub struct $name;
        impl $crate::Operation for $name {
            type Input = $input;
            type Output = $output;
            const FACTS: &'static $crate::OperationFacts = $facts;
        }
    };
}
