//! Digests as texts: subresource integrity, as registries give it.

/// The longest digest that is read, in bytes.
const MAX_BYTES: usize = 4096;

/// The algorithms, from the weakest, each with the length of its digests in bytes.
const ALGORITHMS: [(&str, usize); 4] =
    [("sha1", 20), ("sha256", 32), ("sha384", 48), ("sha512", 64)];

/// Whether a text is what a lock can hold: one digest or several with spaces between, each an algorithm, `-` and base64 of its length.
pub(crate) fn is_integrity(text: &str) -> bool {
    text.len() <= MAX_BYTES && parts(text).is_some_and(|parts| !parts.is_empty())
}

/// Whether whatever meets the `given` text meets the `locked` one: the strongest algorithm of each decides, as it does for whoever checks
/// bytes, so it must be the same one, and no digest of it may be given that was not locked.
pub(crate) fn is_within(given: &str, locked: &str) -> bool {
    if given == locked {
        return true;
    }
    let (Some(given), Some(locked)) = (strongest(given), strongest(locked)) else {
        return false;
    };
    !given.is_empty() && given.iter().all(|digest| locked.contains(digest))
}

/// The digests of the strongest algorithm.
fn strongest(text: &str) -> Option<Vec<(usize, &str)>> {
    let mut parts = parts(text)?;
    let most = parts.iter().map(|(algorithm, _)| *algorithm).max()?;
    parts.retain(|(algorithm, _)| *algorithm == most);
    Some(parts)
}

/// Each with the position of its algorithm; nothing if any is malformed.
fn parts(text: &str) -> Option<Vec<(usize, &str)>> {
    text.split_ascii_whitespace().map(part).collect()
}

fn part(text: &str) -> Option<(usize, &str)> {
    let (name, rest) = text.split_once('-')?;
    // Options have no meaning yet, and say nothing of the bytes.
    let digest = rest.split_once('?').map_or(rest, |(digest, _)| digest);
    let at = ALGORITHMS.iter().position(|(known, _)| *known == name)?;
    let (_, bytes) = ALGORITHMS.get(at)?;
    let digits = (bytes * 8).div_ceil(6);
    let unpadded = digest.trim_end_matches('=');
    let is_base64 = unpadded
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte));
    let is_whole = unpadded.len() == digits && digest.len() == digits.next_multiple_of(4);
    (is_base64 && is_whole).then_some((at, digest))
}
