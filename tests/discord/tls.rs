//! TLS in front of the loopback, for whatever goes to discord.com and nowhere else.
//!
//! `tls/` holds a certificate for that name which nobody trusts but these tests, and its key, which protects nothing.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fake::Fake;

const CERTIFICATE: &[u8] = include_bytes!("tls/cert.pem");
const KEY: &[u8] = include_bytes!("tls/key.pem");

/// A door with TLS; dropping it closes it.
pub struct Tls {
    address: SocketAddr,
    door: JoinHandle<()>,
}

impl Tls {
    /// Opens one in front of a fake.
    pub async fn before(fake: &Fake) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let behind = fake.url().trim_start_matches("http://").to_owned();
        let certificate = CertificateDer::from_pem_slice(CERTIFICATE).expect("it is one");
        let key = PrivateKeyDer::from_pem_slice(KEY).expect("it is one");
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has them")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("the key is the certificate's");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let door = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, behind) = (acceptor.clone(), behind.clone());
                tokio::spawn(async move {
                    let (Ok(mut outside), Ok(mut inside)) =
                        (acceptor.accept(stream).await, TcpStream::connect(behind).await)
                    else {
                        return;
                    };
                    // Either side may hang up as it likes.
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                });
            }
        });
        Self { address, door }
    }

    /// A client for which this is discord.com, and that trusts nobody else.
    pub fn client(&self) -> reqwest::Client {
        let certificate = reqwest::Certificate::from_pem(CERTIFICATE).expect("it is one");
        let builder = reqwest::Client::builder()
            .use_rustls_tls()
            .tls_built_in_root_certs(false)
            .add_root_certificate(certificate)
            .resolve("discord.com", self.address)
            .no_proxy();
        builder.build().expect("there is a client")
    }
}

impl Drop for Tls {
    fn drop(&mut self) {
        self.door.abort();
    }
}
