//! Waits for the pod of a volume.

use std::time::Duration;

use kubectl_netbench::recurring::delivery::volume::{VolumeError, VolumePod};
use tokio::sync::watch;

use crate::console::Console;

/// How long to wait before the user learns the reason.
const NOTE_AFTER: Duration = Duration::from_secs(8);

/// Waits until the pod runs. Prints what it waits for if that takes long, as for a volume that is provisioned on demand.
///
/// # Errors
/// The pod does not start.
pub(super) async fn ready(pod: &VolumePod<'_>, console: Console) -> Result<(), VolumeError> {
    let (sender, reason) = watch::channel("being created".to_owned());
    let note = async {
        tokio::time::sleep(NOTE_AFTER).await;
        console.remark(&format!("waiting for the pod of the volume: {}", *reason.borrow()));
        std::future::pending().await
    };
    tokio::select! {
        ready = pod.ready(|reason| { sender.send_replace(reason.to_owned()); }) => ready,
        never = note => never,
    }
}
