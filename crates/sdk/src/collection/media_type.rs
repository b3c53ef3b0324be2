//! A file's media type, by its name: what readers are told, and nothing that anybody relies on.

use stheno_envelope::manifest::SafePath;

/// Extensions in lower case, sorted, and what files with them are.
///
/// Source: the IANA registry of media types, and for those that it lacks the MIME Sniffing standard.
const TYPES: [(&str, &str); 40] = [
    ("7z", "application/x-7z-compressed"),
    ("avif", "image/avif"),
    ("bin", "application/octet-stream"),
    ("bz2", "application/x-bzip2"),
    ("car", "application/vnd.ipld.car"),
    ("cbor", "application/cbor"),
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("epub", "application/epub+zip"),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("gz", "application/gzip"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript"),
    ("json", "application/json"),
    ("jsonl", "application/jsonl"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("ogg", "audio/ogg"),
    ("parquet", "application/vnd.apache.parquet"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("tar", "application/x-tar"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("tsv", "text/tab-separated-values"),
    ("txt", "text/plain"),
    ("wasm", "application/wasm"),
    ("wav", "audio/wav"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zip", "application/zip"),
];

/// The media type of a file with this name, if it is a common one.
pub(super) fn media_type(path: &SafePath) -> Option<&'static str> {
    let name = path.names().next_back()?;
    let (stem, extension) = name.rsplit_once('.')?;
    let extension = extension.to_ascii_lowercase();
    let at = TYPES.binary_search_by(|(known, _)| (*known).cmp(&extension));
    let (_, media_type) = TYPES.get(at.ok()?)?;
    (!stem.is_empty()).then_some(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_type_is_told_by_the_last_extension_in_any_case() {
        assert!(TYPES.is_sorted());
        let of = |path: &str| media_type(&SafePath::new(path).unwrap());
        assert_eq!(of("a.csv/data.JSON"), Some("application/json"));
        assert_eq!(of("data.tar.gz"), Some("application/gzip"));
        for none in ["data", ".csv", "data.", "data.unknown", "a.csv/data"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
