//! What is said of certificates and keys. Never shows what a file holds.

use crate::base::finding::Words;
use std::fmt::Display;
use std::path::Path;

pub(super) fn unreadable(path: &Path, error: &dyn Display) -> Words {
    Words::new(format!("{} can't be read: {error}", path.display()), "unreadable")
}

pub(super) fn no_certificate(path: &Path) -> Words {
    Words::new(format!("{} holds no certificate", path.display()), "nothing of use")
        .hint("PEM files have one between « BEGIN CERTIFICATE » and « END CERTIFICATE »")
}

pub(super) fn no_key(path: &Path) -> Words {
    Words::new(format!("{} holds no private key", path.display()), "nothing of use").hint(
        "PEM files have one between « BEGIN PRIVATE KEY » and « END PRIVATE KEY », without a passphrase",
    )
}

pub(super) fn unusable(path: &Path, error: &dyn Display) -> Words {
    Words::new(
        format!("the certificate in {} can't be used with its key: {error}", path.display()),
        "refused",
    )
}

pub(super) fn no_authority(path: &Path, error: &dyn Display) -> Words {
    Words::new(format!("{} says whom to believe, and can't be used: {error}", path.display()), "refused")
}

pub(super) fn no_public_authorities(trunk: &str) -> Words {
    Words::new(format!("this machine knows no public authority to believe on trunk `{trunk}`"), "whom?")
        .hint("install them (ca-certificates), or write `[trunk.NAME.tls]` with `ca = \"ca.pem\"`")
}
