//! The pod of a volume, and what is said while it starts.

use std::time::Duration;

use kubectl_netbench::delivery::volume::{VolumeError, VolumePod};
use tokio::sync::watch;

use crate::console::Console;

/// How long it may take to start before it is said what it waits for.
const PATIENCE: Duration = Duration::from_secs(8);

/// Waits until the pod runs. What it waits for is said if that takes long: a volume may be made only now.
///
/// # Errors
/// It does not start.
pub(super) async fn ready(pod: &VolumePod<'_>, console: Console) -> Result<(), VolumeError> {
    let (sender, why) = watch::channel("it is made".to_owned());
    let told = async {
        tokio::time::sleep(PATIENCE).await;
        console.remark(&format!("waiting for the pod of the volume: {}", *why.borrow()));
        std::future::pending().await
    };
    tokio::select! {
        ready = pod.ready(|why| { sender.send_replace(why.to_owned()); }) => ready,
        never = told => never,
    }
}
