//! Orders that were carried out are marked as sent: all at once that came while the last were marked, as each time waits for the disk. Nothing
//! waits for this.

use tokio::sync::mpsc;

use super::{Handled, Shared};
use crate::store::{Batch, OutboxId};

/// How many orders are marked as sent by one commit.
const MARKED_AT_ONCE: usize = 256;

/// Orders that were carried out, each with what is held until that is marked.
pub(super) type Marks = mpsc::UnboundedSender<(OutboxId, Handled)>;

/// Marks until the last order is done with.
pub(super) async fn mark(shared: &Shared, mut carried_out: mpsc::UnboundedReceiver<(OutboxId, Handled)>) {
    let mut some = Vec::new();
    while carried_out.recv_many(&mut some, MARKED_AT_ONCE).await > 0 {
        let (sent, _held): (Vec<OutboxId>, Vec<Handled>) = some.drain(..).unzip();
        let batch = Batch { sent, now: shared.clock.now(), ..Batch::default() };
        if let Err(error) = shared.store.commit(batch).await {
            // They will be sent once more after a restart; platforms tell doubles by their numbers.
            tracing::warn!(%error, "orders were carried out but could not be marked as sent");
        }
    }
}
