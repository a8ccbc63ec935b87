//! Logs.

use futures::StreamExt as _;
use futures::stream::BoxStream;
use plugin_runtime_api::LogLine;
use serde_json::json;

use crate::executor::kit::{GRACE, Kit};

/// The lines of the plugin until the end of the stream, which comes.
async fn echoes(logs: BoxStream<'static, LogLine>) -> usize {
    let lines: Vec<_> = logs.collect().await;
    let echoes = lines
        .iter()
        .filter(|line| line.text.contains("conformance echo"));
    echoes.count()
}

pub(crate) async fn lines_are_heard_and_end_with_the_runtime(kit: &Kit) {
    kit.started().await;
    kit.result("ECHO", json!({})).await;
    let logs = kit.executor().logs(&kit.runtime());
    kit.result("ECHO", json!({})).await;
    kit.stop(1, GRACE).await.unwrap();
    assert_eq!(echoes(logs).await, 1, "from then on");
}

pub(crate) async fn who_listens_early_hears_too(kit: &Kit) {
    let logs = kit.executor().logs(&kit.runtime());
    kit.started().await;
    kit.result("ECHO", json!({})).await;
    kit.stop(1, GRACE).await.unwrap();
    assert_eq!(echoes(logs).await, 1);
}
