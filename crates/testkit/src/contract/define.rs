//! The macros that define contracts.

/// Defines the cases of a contract, and the macro that expands them to tests.
///
/// A case is written once: the function is also its entry in the macro. `use module as name_of_the_macro;` comes first,
/// with `#[on(SomeHarness)]` if the cases need another trait than [`Harness`](crate::Harness). The items stand in
/// parentheses, because rustfmt does not format items in braces of a macro.
macro_rules! contract {
    (use $($rest:tt)+) => {
        contract! { #[on(Harness)] use $($rest)+ }
    };
    (
        #[on($on:ident)]
        use $module:ident as $contract:ident;
        $($(#[$attribute:meta])* async fn $case:ident($harness:ident: $type:ty) $(-> $outcome:ty)? $body:block)+
    ) => {
        $($(#[$attribute])* pub async fn $case($harness: $type) $(-> $outcome)? $body)+

        /// The names of the cases.
        pub(super) const CASES: &[&str] = &[$(stringify!($case)),+];

        contract_as_tests! { $on $module $contract $($case)+ }
    };
}

/// Defines the macro of a contract.
macro_rules! contract_as_tests {
    ($on:ident $module:ident $contract:ident $($case:ident)+) => {
        #[doc = concat!(
            "Expands to one test for each case of [`contract::", stringify!($module), "`](crate::contract::",
            stringify!($module), "), in a module of this name or of the name that is given as the second argument."
        )]
        #[macro_export]
        macro_rules! $contract {
            ($harness:ty) => {
                $crate::$contract! { $harness, $module }
            };
            ($harness:ty, $name:ident) => {
                mod $name {
                    // The caller names the harness as it is known outside of this module.
                    use super::*;

                    $(
                        #[::core::prelude::v1::test]
                        fn $case() {
                            $crate::run(
                                concat!(module_path!(), "::", stringify!($case)),
                                <$harness as $crate::$on>::start(),
                                async |harness| $crate::contract::$module::$case(harness).await,
                            );
                        }
                    )+
                }
            };
        }
    };
}

/// Lists all contracts, and defines the macro with those of a storage.
///
/// The list uses the names of the cases of each contract. The compiler therefore reports a contract that is missing
/// here: its `CASES` are never used.
macro_rules! contracts {
    (of a storage { $($module:ident as $contract:ident,)+ } others { $($other:ident,)+ }) => {
        /// All contracts, each with the names of its cases.
        pub const CONTRACTS: &[(&str, &[&str])] = &[
            $((stringify!($module), $module::CASES),)+
            $((stringify!($other), $other::CASES),)+
        ];

        /// Expands to one test for each case of every contract of a storage, in a module for each contract. They stand
        /// in a module of the name that is given as the second argument, if there is one.
        #[macro_export]
        macro_rules! all_store_contracts {
            ($harness:ty) => {
                $($crate::$contract! { $harness })+
            };
            ($harness:ty, $name:ident) => {
                mod $name {
                    use super::*;

                    $crate::all_store_contracts! { $harness }
                }
            };
        }
    };
}
