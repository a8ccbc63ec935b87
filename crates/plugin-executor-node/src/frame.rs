//! Frames: a 4-byte big-endian length, then that many bytes of JSON.

use std::io::{self, Read};

use serde::Serialize;

/// The largest frame in either direction, in bytes. The worker has the same number.
pub(crate) const MAX_FRAME: usize = 8 << 20;

/// Why a frame cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("a frame of {0} bytes is above the limit of {MAX_FRAME}")]
    TooLarge(usize),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The bytes of a frame.
pub(crate) fn encode(message: &impl Serialize) -> Result<Vec<u8>, FrameError> {
    let mut bytes = vec![0; 4];
    serde_json::to_writer(&mut bytes, message).map_err(io::Error::from)?;
    let length = bytes.len() - 4;
    if length > MAX_FRAME {
        return Err(FrameError::TooLarge(length));
    }
    let header = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(header) {
        *to = from;
    }
    Ok(bytes)
}

/// The JSON of the next frame; `None` at the end of the stream. The length is checked before
/// anything is allocated.
pub(crate) fn read(stream: &mut impl Read) -> Result<Option<Vec<u8>>, FrameError> {
    let mut header = [0; 4];
    match stream.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let length = u32::from_be_bytes(header) as usize;
    if length > MAX_FRAME {
        return Err(FrameError::TooLarge(length));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_round_trip_and_end() {
        let bytes = encode(&serde_json::json!({"t": "x"})).unwrap();
        let mut stream = bytes.as_slice();
        assert_eq!(read(&mut stream).unwrap().unwrap(), br#"{"t":"x"}"#);
        assert!(read(&mut stream).unwrap().is_none());
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_its_bytes() {
        let mut stream = [0xff; 4].as_slice();
        assert!(matches!(
            read(&mut stream),
            Err(FrameError::TooLarge(0xffff_ffff))
        ));
        let huge = "x".repeat(MAX_FRAME);
        assert!(matches!(encode(&huge), Err(FrameError::TooLarge(_))));
    }

    #[test]
    fn a_cut_frame_is_an_error() {
        assert!(read(&mut [0, 0, 0, 9, b'{'].as_slice()).is_err());
    }
}
