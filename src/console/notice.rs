//! Owns the listening to a session's notice: what callees will hear, before anybody is called.

use super::guard::Asker;
use super::problem::{Answer, No};
use super::state::Console;
use crate::phone::Piece;
use crate::room::SessionId;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};

/// `GET /api/sessions/{session}/notice/{piece}`: one piece, as a WAV file.
pub(super) async fn piece(
    State(console): State<Console>,
    _asker: Asker,
    Path((session, piece)): Path<(SessionId, Piece)>,
) -> Answer<(HeaderMap, Vec<u8>)> {
    let spoken = console.notices.of(&session);
    let sound = spoken.and_then(|spoken| spoken.wav(piece)).ok_or_else(|| {
        No::new(
            StatusCode::NOT_FOUND,
            "not_spoken_yet",
            "this session's notice is not spoken; it is once its draw is prepared and the voice of [phone.speech] works",
        )
    })?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((headers, sound))
}
