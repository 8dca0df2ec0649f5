//! One request that tells whether a host takes the credentials of a side.

use gitwire::greeting::Service;

use crate::decide::Direction;
use crate::error::Fault;
use crate::event::Listener;
use crate::request::Request;
use crate::side::Side;
use crate::transport::{Ask, Remote, Way};

/// Asks for the greeting of the service that a run needs most of this side, and reads nothing of it: one request over HTTP, and one
/// more for each redirect. Other transports show no token, and are not asked.
pub async fn knock(request: &Request, side: Side) -> Result<(), Fault> {
    let remote = Remote::new(side, request, &Listener::none())?;
    let is_written = side == Side::Target || request.direction == Direction::TwoWay;
    let service = match is_written {
        true => Service::ReceivePack,
        false => Service::UploadPack,
    };
    match &remote.way {
        Way::Http(http) => http.greeting(service, Ask::Default).await.map(drop),
        Way::Line(_) => Ok(()),
    }
}
