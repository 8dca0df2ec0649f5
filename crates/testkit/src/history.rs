//! Generated repositories: long histories, large files, many references.

use crate::fast_import::FastImport;
use crate::repo::{Repo, full_name};

/// How many files a generated history has, and how many lines each begins with.
const FILES: usize = 120;
const LINES: usize = 40;

impl Repo {
    /// Adds `commits` commits to `branch`, each of which changes a few lines in one or two of 120 text
    /// files. The same repository, branch and count give the same ids every time. Returns the last id.
    ///
    /// 80,000 commits take some seconds. The objects are in packs as fast-import leaves them; see
    /// [`repack`](Repo::repack).
    pub fn history(&self, branch: &str, commits: u32) -> String {
        let reference = full_name(branch);
        let parent = self.get(&reference);
        let mut import = FastImport::start(self, &["pack.compression=1"]);
        let mut files = Files::new();
        for number in 0..commits {
            let message = format!("Change {number} of {commits}\n\nGenerated for a test of refsync.\n");
            import.commit(&reference, self.tick(), message.as_bytes());
            if number == 0 {
                import.parents(parent.as_deref());
            }
            for _ in 0..1 + files.random.below(5) / 4 {
                let file = files.change();
                import.file(&path(file), &files.text(file));
            }
        }
        import.print_commit();
        import.finish()
    }

    /// Adds a commit to `branch` with one file, `path`, of `size` bytes that do not compress. Returns its id.
    ///
    /// It is stored without compression, so that 1 GiB takes seconds.
    pub fn big_blob(&self, branch: &str, path: &str, size: u64) -> String {
        let reference = full_name(branch);
        let parent = self.get(&reference);
        let mut import = FastImport::start(self, &["core.compression=0", "pack.compression=0"]);
        import.commit(&reference, self.tick(), path.as_bytes());
        import.parents(parent.as_deref());
        let mut random = Random(size ^ 0x5eed);
        // Repeated, but at a distance that zlib (32 KiB) does not see.
        let block: Vec<u8> = (0..1 << 17).flat_map(|_| random.next().to_le_bytes()).collect();
        import.large_file(path, size, &block);
        import.print_commit();
        import.finish()
    }

    /// Makes `count` references `<prefix>/00000`, `<prefix>/00001`, … (give the prefix in full, for instance
    /// `refs/heads/many`), each at a commit of its own in one line of history, and packs them.
    pub fn many_refs(&self, prefix: &str, count: u32) {
        let mut import = FastImport::start(self, &[]);
        let mut marks = Vec::new();
        for number in 0..count {
            let message = format!("{prefix} {number}");
            marks.push(import.commit(&format!("{prefix}/00000"), self.tick(), message.as_bytes()));
            import.file("number", message.as_bytes());
        }
        // In reverse, because the first name was the one that moved along.
        for (number, mark) in marks.into_iter().enumerate().rev() {
            import.reset(&format!("{prefix}/{number:05}"), mark);
        }
        import.finish();
        self.git(&["pack-refs", "--all"]);
    }

    /// Packs everything into one pack with a reachability bitmap, as hosts keep their repositories.
    pub fn repack(&self) {
        self.git(&["repack", "-a", "-d", "-q", "--write-bitmap-index"]);
    }
}

fn path(file: usize) -> String {
    format!("part{:02}/file{file:03}.txt", file % 12)
}

/// The text files of a generated history, as lines of words.
struct Files {
    lines: Vec<Vec<String>>,
    random: Random,
}

impl Files {
    fn new() -> Files {
        let mut random = Random(0x5eed);
        let lines = (0..FILES)
            .map(|_| (0..LINES).map(|_| sentence(&mut random)).collect())
            .collect();
        Files { lines, random }
    }

    /// Changes one to four lines of one file: replaced, added or removed. Returns which file.
    fn change(&mut self) -> usize {
        let file = self.random.below(FILES);
        for _ in 0..1 + self.random.below(4) {
            let count = self.lines[file].len();
            let at = self.random.below(count);
            let line = sentence(&mut self.random);
            match self.random.below(4) {
                0 if count < 2 * LINES => self.lines[file].insert(at, line),
                1 if count > LINES / 2 => drop(self.lines[file].remove(at)),
                _ => self.lines[file][at] = line,
            }
        }
        file
    }

    fn text(&self, file: usize) -> Vec<u8> {
        let mut text = self.lines[file].join("\n").into_bytes();
        text.push(b'\n');
        text
    }
}

fn sentence(random: &mut Random) -> String {
    const WORDS: [&str; 24] = [
        "branch", "tag", "commit", "tree", "blob", "pack", "index", "remote", "fetch", "push", "merge",
        "rebase", "the", "a", "every", "no", "moves", "reads", "writes", "keeps", "loses", "finds", "over",
        "under",
    ];
    let words: Vec<_> = (0..4 + random.below(8))
        .map(|_| WORDS[random.below(WORDS.len())])
        .collect();
    format!("{} {:x}", words.join(" "), random.next() >> 40)
}

/// SplitMix64: small, fast, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a usize fits 64 bits");
        usize::try_from(self.next() % bound).expect("it is below a usize")
    }
}
