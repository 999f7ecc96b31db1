//! A dialog (RFC 3261 section 12): who is who, how they are reached, and the numbers that keep requests in order.
//! Must never know in what state its leg is.

use super::config::Listen;
use super::mark::{Marked, NameKind};
use super::own_address;
use super::transaction::{Attempt, ClientKey, Layer, Owner};
use super::verbs::ContactPath;
use crate::base::{Flow, Moment, Transport};
use crate::wire::sip::{HeaderName, Message, Method, NameAddr, Scheme, Uri, Writer};
use bytes::Bytes;
use smallvec::SmallVec;
use std::net::SocketAddr;

/// What [`Dialog::start`] writes of an INVITE.
const STARTED: [HeaderName; 9] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Contact,
    HeaderName::Allow,
    HeaderName::Supported,
    HeaderName::UserAgent,
];

/// One side's view of a dialog, or of the attempt at one.
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    pub(super) call_id: Box<[u8]>,
    /// Our From or To, tag included.
    pub(super) local: Box<[u8]>,
    /// Theirs; without a tag until they answered.
    pub(super) remote: Box<[u8]>,
    /// The URI they are reached at.
    pub(super) target: Box<[u8]>,
    /// The route set, in the order of our requests.
    routes: SmallVec<[Box<[u8]>; 1]>,
    pub(super) local_cseq: u32,
    pub(super) remote_cseq: Option<u32>,
    /// The path the dialog began on.
    pub(super) flow: Flow,
    /// The far end is behind an address translation, or said nothing yet: the flow alone counts.
    pinned: bool,
    /// The far end registered over this flow: it alone counts, whatever its Contact says.
    kept: bool,
}

impl Dialog {
    /// Before our INVITE: nothing of the far end is known but where to ask.
    pub(super) fn calling(
        call_id: Marked,
        local: String,
        remote: String,
        target: String,
        flow: Flow,
    ) -> Self {
        Self {
            call_id: call_id.to_string().into_bytes().into(),
            local: local.into_bytes().into(),
            remote: remote.into_bytes().into(),
            target: target.into_bytes().into(),
            routes: SmallVec::new(),
            local_cseq: 1,
            remote_cseq: None,
            flow,
            // The INVITE goes where its caller says, whatever its target's host.
            pinned: true,
            kept: false,
        }
    }

    /// The same, to a registered contact: along the way its registration came.
    pub(super) fn towards(mut self, contact: &ContactPath) -> Self {
        self.target = contact.uri.clone();
        self.routes = contact.routes.iter().cloned().collect();
        self.kept = true;
        self
    }

    /// Reaches the far end over the dialog's flow alone, whatever its Contact says: a phone's own may be behind an address
    /// translation, and must not send our requests elsewhere.
    pub(super) fn keep(&mut self) {
        self.pinned = true;
        self.kept = true;
    }

    /// From an INVITE of theirs (section 12.1.1). Nothing without an address to reach them at.
    pub(super) fn invited(invite: &Message<'_>, tag: Marked, flow: Flow) -> Option<Self> {
        let via = invite.top_via().ok()?;
        let mut local = invite.header(HeaderName::To)?.to_vec();
        local.extend_from_slice(format!(";tag={tag}").as_bytes());
        Some(Self {
            call_id: invite.call_id().ok()?.into(),
            local: local.into(),
            remote: invite.header(HeaderName::From)?.into(),
            target: reached_at(&inviter(invite)?),
            routes: invite.values(HeaderName::RecordRoute).map(Into::into).collect(),
            local_cseq: 0,
            remote_cseq: Some(invite.cseq().ok()?.number),
            flow,
            pinned: via.host.ip().is_some_and(|ip| ip != flow.remote.ip().to_canonical()),
            kept: false,
        })
    }

    /// From a 2xx to an INVITE of ours (section 12.1.2): whom that answer alone says we speak to.
    pub(super) fn answered(answer: &Message<'_>, flow: Flow) -> Option<Self> {
        let mut dialog = Self {
            call_id: answer.call_id().ok()?.into(),
            local: answer.header(HeaderName::From)?.into(),
            remote: Box::default(),
            target: Box::default(),
            routes: SmallVec::new(),
            local_cseq: answer.cseq().ok()?.number,
            remote_cseq: None,
            flow,
            pinned: false,
            kept: false,
        };
        dialog.join(answer)?;
        Some(dialog)
    }

    /// Takes the far end's tag, Contact and route set from its 2xx.
    pub(super) fn join(&mut self, answer: &Message<'_>) -> Option<()> {
        self.remote = answer.header(HeaderName::To)?.into();
        // Without a Contact the INVITE's own target has to do; ACK and BYE reach more peers so than not at all.
        if let Ok(Some(contact)) = answer.contact() {
            self.target = reached_at(&contact.uri);
        }
        self.routes = answer.values(HeaderName::RecordRoute).map(Into::into).collect();
        self.routes.reverse();
        self.pinned = self.kept;
        (!self.target.is_empty()).then_some(())
    }

    /// Takes a new Contact from a re-INVITE or its 2xx (section 12.2: a target refresh).
    pub(super) fn refresh(&mut self, message: &Message<'_>) {
        if let Ok(Some(contact)) = message.contact() {
            self.target = reached_at(&contact.uri);
        }
    }

    /// The far end's tag; nothing before its answer.
    pub(super) fn remote_tag(&self) -> Option<&[u8]> {
        NameAddr::parse(&self.remote).ok().and_then(|remote| remote.tag)
    }

    /// Whether a request of theirs belongs here; our own tag is known to match.
    pub(super) fn owns(&self, request: &Message<'_>) -> bool {
        let (Ok(call_id), Ok(from)) = (request.call_id(), request.from()) else { return false };
        *call_id == *self.call_id && from.tag == self.remote_tag()
    }

    /// Whether a request of theirs is in order; it is remembered (section 12.2.2).
    pub(super) fn in_order(&mut self, number: u32) -> bool {
        let late = self.remote_cseq.is_some_and(|last| number < last);
        if !late {
            self.remote_cseq = Some(number);
        }
        !late
    }

    /// The path of the next request: the first route, else the target, where it is an address; else the path the
    /// dialog began on.
    pub(super) fn path(&self, listens: &[Listen]) -> Flow {
        if self.pinned || !self.flow.transport.leads_anywhere() {
            return self.flow;
        }
        self.hop(listens).unwrap_or(self.flow)
    }

    fn hop(&self, listens: &[Listen]) -> Option<Flow> {
        let uri = match self.routes.first() {
            Some(route) => NameAddr::parse(route).ok()?.uri,
            None => Uri::parse(&self.target).ok()?,
        };
        let ip = uri.host.ip()?;
        let transport = self.transport_of(&uri);
        if !transport.leads_anywhere() {
            return None;
        }
        let same = transport == self.flow.transport;
        if same && transport.is_reliable() && ip == self.flow.remote.ip().to_canonical() {
            // A connection is used again whoever opened it (RFC 5923's aim).
            return Some(self.flow);
        }
        let local = if same && ip.is_ipv4() == self.flow.local.is_ipv4() {
            self.flow.local
        } else {
            let near = own_address::leaving(listens, transport, ip, Some(self.flow.local.ip()));
            near.or_else(|| own_address::leaving(listens, transport, ip, None))?
        };
        let port = uri.port.unwrap_or(transport.default_port());
        Some(Flow { transport, local, remote: SocketAddr::new(ip, port) })
    }

    /// How a URI is reached: `sips:` over TLS whatever it says beside (RFC 3261 section 26.2.2); one that says nothing we
    /// know as the dialog began.
    fn transport_of(&self, uri: &Uri<'_>) -> Transport {
        if uri.scheme == Scheme::Sips {
            return Transport::Tls;
        }
        let is_named = |known: &Transport| {
            uri.transport().is_some_and(|name| name.eq_ignore_ascii_case(known.name().as_bytes()))
        };
        Transport::ALL.into_iter().find(is_named).unwrap_or(self.flow.transport)
    }

    /// How the far end's own address begins.
    pub(super) fn scheme(&self) -> Scheme {
        Uri::parse(&self.target).map_or(Scheme::Sip, |target| target.scheme)
    }

    /// The stream the dialog began on is gone: from now on its far end is reached where its target says.
    pub(super) fn leave_flow(&mut self) {
        if !self.flow.transport.leads_anywhere() {
            return;
        }
        let port = self.flow.transport.default_port();
        let address =
            Uri::parse(&self.target).ok().and_then(|uri| Some((uri.host.ip()?, uri.port.unwrap_or(port))));
        if let Some((ip, port)) = address {
            self.flow.remote = SocketAddr::new(ip, port);
        }
    }

    /// Starts a request in the dialog (section 12.2.1.1); returns its path.
    fn start(&self, layer: &mut Layer, method: Method<'static>, number: u32, branch: Marked) -> Flow {
        let flow = self.path(&layer.config.listens);
        let public = layer.public_to(flow, &self.flow);
        let scheme = self.scheme();
        let strict = self
            .routes
            .first()
            .and_then(|route| NameAddr::parse(route).ok())
            .filter(|route| !route.uri.is_lr());
        let writer = &mut layer.writer;
        match &strict {
            Some(route) => writer.start_request(method, route.uri.raw),
            None => writer.start_request(method, &self.target),
        };
        writer.header_fmt(
            HeaderName::Via,
            format_args!("SIP/2.0/{} {public};branch=z9hG4bK{branch};rport", flow.transport.via_name()),
        );
        for route in self.routes.iter().skip(usize::from(strict.is_some())) {
            writer.header(HeaderName::Route, route);
        }
        if strict.is_some() {
            let mut target = b"<".to_vec();
            target.extend_from_slice(&self.target);
            target.push(b'>');
            writer.header(HeaderName::Route, target);
        }
        writer.header(HeaderName::From, &self.local).header(HeaderName::To, &self.remote);
        writer.header(HeaderName::CallId, &self.call_id);
        writer.header_fmt(HeaderName::CSeq, format_args!("{number} {method}"));
        if matches!(method, Method::Invite | Method::Update) {
            put_contact(writer, flow, public, scheme);
            writer.header(HeaderName::Allow, super::compose::ALLOW);
        }
        if method != Method::Ack {
            // RFC 4028 section 7.1.
            writer.header(HeaderName::Supported, super::compose::SUPPORTED);
        }
        writer.header(HeaderName::UserAgent, layer.config.user_agent.as_str());
        if method != Method::Ack {
            let uri = strict.as_ref().map_or(&*self.target, |route| route.uri.raw);
            layer.put_credentials(flow, method, uri);
        }
        flow
    }

    /// Sends a request other than ACK with the next number, and waits for its answer.
    pub(super) fn request(
        &mut self,
        layer: &mut Layer,
        now: Moment,
        method: Method<'static>,
        owner: Owner,
        fill: impl FnOnce(&mut Writer),
    ) -> ClientKey {
        let branch = layer.fresh(NameKind::Branch);
        self.request_as(branch, layer, now, method, owner, fill)
    }

    /// The same, in a branch of the caller's choice.
    pub(super) fn request_as(
        &mut self,
        branch: Marked,
        layer: &mut Layer,
        now: Moment,
        method: Method<'static>,
        owner: Owner,
        fill: impl FnOnce(&mut Writer),
    ) -> ClientKey {
        let number = self.next_number();
        let flow = self.start(layer, method, number, branch);
        layer.writer.header(HeaderName::MaxForwards, "70");
        fill(&mut layer.writer);
        let key = ClientKey { number: branch.number, cancel: false };
        let request = layer.writer.finish();
        layer.start_client(now, key, method, owner, flow, request);
        key
    }

    /// The number of the next request.
    pub(super) fn next_number(&mut self) -> u32 {
        self.local_cseq += 1;
        self.local_cseq
    }

    /// Sends the INVITE that is to open the dialog; its Max-Forwards is its caller's.
    pub(super) fn invite(
        &mut self,
        layer: &mut Layer,
        now: Moment,
        owner: Owner,
        fill: impl FnOnce(&mut Writer),
    ) -> ClientKey {
        let branch = layer.fresh(NameKind::Branch);
        let flow = self.start(layer, Method::Invite, self.local_cseq, branch);
        fill(&mut layer.writer);
        let key = ClientKey { number: branch.number, cancel: false };
        let request = layer.writer.finish();
        layer.start_client(now, key, Method::Invite, owner, flow, request);
        key
    }

    /// Sends that INVITE again under the next number, because its refusal asks for other values of `changed`, which
    /// `fill` says.
    pub(super) fn invite_again(
        &mut self,
        layer: &mut Layer,
        now: Moment,
        owner: Owner,
        refused: &Message<'_>,
        changed: &[HeaderName],
        fill: impl FnOnce(&mut Writer),
    ) -> ClientKey {
        self.local_cseq += 1;
        self.invite(layer, now, owner, |writer| {
            for (name, written, value) in refused.all_headers() {
                if !STARTED.contains(&name) && !changed.contains(&name) && name != HeaderName::ContentType {
                    writer.header(String::from_utf8_lossy(written), value);
                }
            }
            fill(writer);
            if !refused.body().is_empty() {
                writer.body(super::compose::SDP, refused.body());
            }
        })
    }

    /// Sends the ACK to a 2xx (section 13.2.2.4); it is a transaction of its own and gets no answer.
    pub(super) fn acknowledge(&self, layer: &mut Layer, invite: ClientKey, number: u32, body: Option<&[u8]>) {
        let branch = layer.fresh(NameKind::Branch);
        let flow = self.start(layer, Method::Ack, number, branch);
        layer.writer.header(HeaderName::MaxForwards, "70");
        // RFC 3261 section 13.2.2.4: the INVITE's credentials, on the way to whom they are for.
        let trunk = layer.credentials.trunk(flow);
        if trunk.is_some()
            && let Some(Attempt { flow, request, .. }) = layer.client_attempt(invite)
            && trunk == layer.credentials.trunk(flow)
            && let Ok(request) = Message::parse(&request)
        {
            super::compose::copy_credentials(&mut layer.writer, &request);
        }
        if let Some(body) = body {
            layer.writer.body(super::compose::SDP, body);
        }
        let ack: Bytes = layer.writer.finish();
        layer.keep_ack(invite, self.remote_tag().unwrap_or_default(), flow, ack.clone());
        layer.send(flow, ack);
    }
}

/// Where whoever invites us is reached. RFC 2543 (section 6.13) let an INVITE do without a Contact, and a From without a
/// tag is of that time: there From says it.
fn inviter<'a>(invite: &Message<'a>) -> Option<Uri<'a>> {
    let from = invite.from().ok()?;
    let contact = invite.contact().ok()?;
    contact.map(|contact| contact.uri).or_else(|| from.tag.is_none().then_some(from.uri))
}

/// A Contact as a Request-URI. What stands after its `?` is asked of no dialog's Contact and could steer the next hop
/// (RFC 3261 section 19.1.1, table 1).
fn reached_at(uri: &Uri<'_>) -> Box<[u8]> {
    let bare = &uri.raw[..uri.raw.len() - uri.headers.len()];
    let bare = if uri.headers.is_empty() { bare } else { bare.strip_suffix(b"?").unwrap_or(bare) };
    bare.into()
}

/// Contact: where in-dialog requests reach us. Who speaks `sips:` is told one (RFC 3261 section 12.1.1).
pub(super) fn put_contact(writer: &mut Writer, flow: Flow, public: SocketAddr, theirs: Scheme) {
    match (theirs, flow.transport) {
        (Scheme::Sips, Transport::Tls) => {
            writer.header_fmt(HeaderName::Contact, format_args!("<sips:{public}>"))
        }
        (Scheme::Sips, transport @ Transport::Wss) => {
            let transport = transport.uri_parameter();
            writer.header_fmt(HeaderName::Contact, format_args!("<sips:{public}{transport}>"))
        }
        (Scheme::Sip | Scheme::Sips | Scheme::Tel | Scheme::Other, transport) => {
            let transport = transport.uri_parameter();
            writer.header_fmt(HeaderName::Contact, format_args!("<sip:{public}{transport}>"))
        }
    };
}
