// SPDX-License-Identifier: MIT
// The named peers of the start-up benchmark: the least that a Qt Widgets program can show, and
// (--word) the least that has a word in it, which brings in the fonts.
#include <QApplication>
#include <QLabel>
#include <QPaintEvent>
#include <QTimer>
#include <QWidget>

#include <cstdio>

namespace {

class EmptyWindow : public QWidget
{
protected:
    void paintEvent(QPaintEvent *) override
    {
        QTimer::singleShot(0, qApp, [] { // its children are painted, too
            std::printf("first paint\n");
            std::fflush(stdout);
            QApplication::quit();
        });
    }
};

} // namespace

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    EmptyWindow window;
    if (QApplication::arguments().contains(QStringLiteral("--word")))
        new QLabel(QStringLiteral("Hello"), &window);
    window.resize(1200, 800);
    window.show();
    return QApplication::exec();
}
