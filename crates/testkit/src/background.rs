//! A runtime on threads of its own, for servers inside the test's process.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};

/// Runs a server's tasks whether or not the test has a runtime, and whether or not the test blocks it.
#[derive(Debug)]
pub(crate) struct Background {
    /// `None` only while dropping.
    runtime: Option<Runtime>,
}

impl Background {
    pub(crate) fn start(name: &str) -> Background {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name(name)
            .enable_all()
            .build();
        Background {
            runtime: Some(runtime.expect("threads can be started")),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime
            .as_ref()
            .expect("the runtime is there until the drop")
            .spawn(task);
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Not the runtime's own drop: that blocks, which panics inside an asynchronous test.
        self.runtime
            .take()
            .expect("a drop happens once")
            .shutdown_background();
    }
}
