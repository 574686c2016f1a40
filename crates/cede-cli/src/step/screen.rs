//! The terminal: taken over when opened, and given back as it was when dropped.

use super::moment::Moment;
use super::view::{self, Look};
use anyhow::{Context, Result};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use std::fs::{File, OpenOptions};

/// The terminal itself: standard output is caught while a program is stepped.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<File>>,
}

impl Screen {
    /// Takes the terminal over.
    pub fn open() -> Result<Self> {
        let mut tty =
            OpenOptions::new().write(true).open("/dev/tty").context("cannot write to the terminal")?;
        enable_raw_mode()?;
        let opened = execute!(tty, EnterAlternateScreen, cursor::Hide)
            .and_then(|()| Terminal::new(CrosstermBackend::new(tty)));
        match opened {
            Ok(terminal) => Ok(Screen { terminal }),
            Err(error) => {
                let _ = disable_raw_mode();
                Err(error.into())
            }
        }
    }

    /// Draws a moment.
    pub fn draw(&mut self, moment: &Moment, look: &Look<'_>) -> Result<()> {
        self.terminal.draw(|frame| view::draw(frame, moment, look))?;
        Ok(())
    }

    /// The next key; Ctrl-C is `q`. A terminal of another size is another reason to draw.
    pub fn key(&mut self) -> Result<KeyCode> {
        loop {
            match event::read()? {
                Event::Key(key) if key.kind == KeyEventKind::Release => {}
                Event::Key(key) => {
                    let control = key.modifiers.contains(KeyModifiers::CONTROL);
                    let ends = control && matches!(key.code, KeyCode::Char('c' | 'd'));
                    return Ok(if ends { KeyCode::Esc } else { key.code });
                }
                Event::Resize(..) => return Ok(KeyCode::Null),
                _ => {}
            }
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(self.terminal.backend_mut(), LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}
