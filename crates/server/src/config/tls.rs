//! The certificate of the address for clients.

use crate::tls::{PairError, TlsFiles};

use super::source::Source;

const CERTIFICATE: &str = "tls_cert_file";
const KEY: &str = "tls_key_file";

/// Reads the names of the files, and checks their content.
pub(super) fn read(source: &mut Source) -> Option<TlsFiles> {
    let certificate = source.read_optional::<String>(CERTIFICATE, None);
    let key = source.read_optional::<String>(KEY, None);
    match (certificate, key) {
        (Some(certificate), Some(key)) => {
            let files = TlsFiles { certificate: certificate.into(), key: key.into() };
            match files.load() {
                Ok(_) => {}
                Err(error @ PairError::Certificate(_)) => source.fault(CERTIFICATE, error),
                Err(error @ PairError::Key(_)) => source.fault(KEY, error),
            }
            Some(files)
        }
        (Some(_), None) => {
            source.fault(CERTIFICATE, "needs TESSERA_TLS_KEY_FILE: set both or neither");
            None
        }
        (None, Some(_)) => {
            source.fault(KEY, "needs TESSERA_TLS_CERT_FILE: set both or neither");
            None
        }
        (None, None) => None,
    }
}
