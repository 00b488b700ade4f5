//! The errors of use cases, most of which come from elsewhere.

/// Declares an error whose last variants wrap the errors of others. Their text and their source are those of the wrapped
/// error, and `?` converts it:
///
/// ```
/// # use tessera_kernel::{AccessError, StoreError};
/// tessera_kernel::error_enum! {
///     /// Why the item was not stored.
///     pub enum PutItemError {
///         /// The quantity is above the maximum.
///         #[error("the quantity is too large")]
///         TooLarge,
///     }
///     from Access(AccessError), Store(StoreError)
/// }
/// let error = PutItemError::from(StoreError::Busy);
/// assert_eq!(error.to_string(), StoreError::Busy.to_string());
/// ```
///
/// A doc comment before a wrapped error says what its own documentation cannot: what the failure leaves behind.
#[macro_export]
macro_rules! error_enum {
    (
        $(#[$attribute:meta])*
        $visibility:vis enum $name:ident { $($own:tt)* }
        from $($(#[$note:meta])* $variant:ident($cause:ident)),+ $(,)?
    ) => {
        $(#[$attribute])*
        #[derive(Debug, thiserror::Error)]
        $visibility enum $name {
            $($own)*
            $(
                #[doc = concat!("[`", stringify!($cause), "`].")]
                $(#[$note])*
                #[error(transparent)]
                $variant(#[from] $cause),
            )+
        }
    };
}
