/**
 * onnxruntime-react-native takes whatever onnxruntime is newest on the day of the build (`latest.integration` in Gradle, no
 * version in its podspec). Both are held to the version of the package itself, which the shared vectors are proved with.
 */
const { createRunOncePlugin, withPodfile, withProjectBuildGradle } = require('expo/config-plugins');
const { version } = require('onnxruntime-react-native/package.json');

const ANDROID = `
allprojects {
  configurations.configureEach {
    resolutionStrategy.force 'com.microsoft.onnxruntime:onnxruntime-android:${version}'
  }
}
`;
const IOS = `  pod 'onnxruntime-c', '${version}'\n`;
const TARGET = /^target .+ do\n/m;

module.exports = createRunOncePlugin(
  (config) => withPodfile(
    withProjectBuildGradle(config, (project) => {
      if (project.modResults.language !== 'groovy') throw new Error('the project build.gradle is not Groovy: onnxruntime cannot be pinned');
      if (!project.modResults.contents.includes(ANDROID)) project.modResults.contents += ANDROID;
      return project;
    }),
    (project) => {
      const { contents } = project.modResults;
      if (!TARGET.test(contents)) throw new Error('the Podfile has no target: onnxruntime cannot be pinned');
      if (!contents.includes(IOS)) project.modResults.contents = contents.replace(TARGET, (line) => line + IOS);
      return project;
    },
  ),
  'limber-onnxruntime',
  version,
);
