//! Plain old data: types whose bytes may be copied word by word between threads and processes.

/// A type that is nothing but its bytes.
///
/// Implement it with [`pod!`](crate::pod!), which proves what is asked for, rather than by hand.
///
/// # Safety
/// The type has no padding, every bit pattern of its size is a valid value of it, it has no interior mutability and no
/// pointers, its size is a multiple of eight and its alignment at most eight.
pub unsafe trait Pod: Copy + Send + Sync + 'static {
    /// The value that these words are; `None` if they are not as many as it has. Cold.
    #[must_use]
    fn from_words(words: &[u64]) -> Option<Self> {
        let whole = std::mem::size_of_val(words) == size_of::<Self>();
        // SAFETY: as many bytes as the type has, and any bytes are a value of it.
        whole.then(|| unsafe { words.as_ptr().cast::<Self>().read_unaligned() })
    }

    /// The words that this value is. Cold: allocates.
    #[must_use]
    fn to_words(&self) -> Vec<u64> {
        let source = std::ptr::from_ref(self).cast::<u64>();
        // SAFETY: within the value, which is made of whole initialised words.
        (0..size_of::<Self>() / 8).map(|i| unsafe { source.add(i).read_unaligned() }).collect()
    }
}

/// What the fields of a [`Pod`] struct may be made of: the same without the rule about size.
///
/// # Safety
/// As for [`Pod`], but for the size.
pub unsafe trait PodField: Copy + Send + Sync + 'static {}

macro_rules! pod_fields {
    ($($int:ty),*) => {
        // SAFETY: integers have no padding and no invalid bit patterns.
        $(unsafe impl PodField for $int {})*
    };
}
pod_fields!(u8, i8, u16, i16, u32, i32, u64, i64);

// SAFETY: an array has no bytes but its elements'.
unsafe impl<T: PodField, const N: usize> PodField for [T; N] {}
// SAFETY: eight bytes, no padding, no invalid bit patterns.
unsafe impl Pod for u64 {}
// SAFETY: as for u64.
unsafe impl Pod for i64 {}
// SAFETY: a multiple of eight bytes, no padding, no invalid bit patterns.
unsafe impl<const N: usize> Pod for [u64; N] {}

/// Declares a `#[repr(C)]` struct that is [`Pod`], and refuses to compile when it has padding, a field that is not
/// made of integers, or a size that is no multiple of eight.
///
/// ```
/// crosstick_ring::pod! {
///     /// A record.
///     pub struct Row {
///         /// A price.
///         pub price: i64,
///         /// A name.
///         pub name: [u8; 12],
///         /// A number.
///         pub count: u32,
///     }
/// }
/// assert_eq!(size_of::<Row>(), 24);
/// assert_eq!(Row::ZERO.price, 0);
/// use crosstick_ring::Pod;
/// let row = Row { price: -1, name: *b"twelve bytes", count: 7 };
/// assert_eq!(row.to_words()[0], u64::MAX);
/// assert_eq!((Row::from_words(&row.to_words()), Row::from_words(&[0; 4])), (Some(row), None));
/// ```
///
/// ```compile_fail
/// crosstick_ring::pod! {
///     /// Seven bytes of padding.
///     pub struct Row {
///         /// A flag.
///         pub flag: u8,
///         /// A price.
///         pub price: i64,
///     }
/// }
/// ```
#[macro_export]
macro_rules! pod {
    ($(
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(C)]
        $vis struct $name {
            $($(#[$field_meta])* $field_vis $field: $type,)*
        }

        const _: () = {
            assert!(
                core::mem::size_of::<$name>() == 0 $(+ core::mem::size_of::<$type>())*,
                concat!(stringify!($name), " has padding")
            );
            assert!(core::mem::size_of::<$name>() % 8 == 0, concat!(stringify!($name), " is not made of whole words"));
            const fn made_of_integers<T: $crate::pod::PodField>() {}
            $(made_of_integers::<$type>();)*
        };

        // SAFETY: `repr(C)`; the fields are made of integers, add up to the size, and that is a multiple of eight.
        #[allow(unsafe_code)]
        unsafe impl $crate::pod::Pod for $name {}

        impl $name {
            /// All bytes zero.
            // SAFETY: every bit pattern is a value of a Pod type.
            #[allow(unsafe_code)]
            pub const ZERO: Self = unsafe { core::mem::zeroed() };
        }
    )*};
}
