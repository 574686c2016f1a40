//! Files through the pool, and several loops.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cede::net::{TcpListener, TcpStream};
use cede::{Awaitable, Failure, Loops, fs};

use crate::help::{run, spawn};

#[test]
fn a_file_is_written_read_and_sought_while_others_run() {
    let folder = std::env::temp_dir().join(format!("cede-{}-files", std::process::id()));
    run(move || -> io::Result<()> {
        fs::create_dir_all(&folder)?;
        let other = spawn(|| "ran");
        let path = folder.join("one");
        let mut file = fs::File::create(&path)?;
        assert!(other.done());
        file.write_all(b"first\nsecond\n")?;
        file.sync_all()?;
        let lines: io::Result<Vec<_>> = BufReader::new(fs::File::open(&path)?).lines().collect();
        assert_eq!(lines?, ["first", "second"]);
        let mut file = fs::File::open(&path)?;
        file.seek(SeekFrom::Start(6))?;
        let mut rest = String::new();
        file.read_to_string(&mut rest)?;
        assert_eq!((rest.as_str(), file.metadata()?.len()), ("second\n", 13));
        fs::rename(&path, folder.join("other"))?;
        assert_eq!(fs::read_dir(&folder)?, [folder.join("other")]);
        assert_eq!(fs::read_to_string(&path).unwrap_err().kind(), ErrorKind::NotFound);
        fs::remove_file(folder.join("other"))?;
        std::fs::remove_dir(&folder)
    })
    .unwrap();
}

#[test]
fn errors_name_the_path() {
    let error = run(|| fs::read("no/such/file")).unwrap_err();
    assert!(error.to_string().starts_with("no/such/file: "), "{error}");
}

#[test]
fn several_loops_serve_one_port_and_are_stopped_together() {
    let address = run(|| TcpListener::bind_reuse_port("127.0.0.1:0")?.local_addr()).unwrap();
    let ready = Arc::new(AtomicUsize::new(0));
    let listening = ready.clone();
    let loops = Loops::start(3, move |number| -> io::Result<()> {
        let listener = TcpListener::bind_reuse_port(address)?;
        listening.fetch_add(1, Ordering::SeqCst);
        loop {
            let (mut stream, _) = listener.accept()?;
            spawn(move || stream.write_all(&[number as u8]));
        }
    })
    .unwrap();
    while ready.load(Ordering::SeqCst) < 3 {
        std::thread::yield_now();
    }
    let served = run(move || -> io::Result<[usize; 3]> {
        let mut served = [0; 3];
        for _ in 0..60 {
            let mut byte = [0];
            TcpStream::connect(address)?.read_exact(&mut byte)?;
            served[usize::from(byte[0])] += 1;
        }
        Ok(served)
    })
    .unwrap();
    assert!(served.iter().filter(|count| **count > 0).count() > 1, "{served:?}");
    let ended = loops.stop();
    assert_eq!(ended.len(), 3);
    assert!(ended.into_iter().all(|ended| ended.unwrap().unwrap_err().is_cancelled()));
}

#[test]
fn loops_that_end_by_themselves_give_their_results_in_order() {
    let loops = Loops::start(3, |number| {
        cede::sleep(std::time::Duration::ZERO).await_().unwrap();
        number * 10
    });
    let ended: Vec<_> = loops.unwrap().join().into_iter().map(Result::unwrap).collect();
    assert_eq!(ended, [0, 10, 20]);
}
